"""Registered models of Unity Catalog, with the privileges of the caller checked.

Follows https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_registry import ModelRegistry
from lakelab.local.catalog.model_version import READY, Version
from lakelab.local.catalog.names import TableName, model_name, split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import Call
from lakelab.local.workspace.securables import Securables

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel


class ModelService:
    """The models, as MLflow's client, databricks.sdk and the Files API use them.

    Parameters
    ----------
    registry : ModelRegistry
    securables : Securables
        Schemas and functions: models are in schemas, and share their names with functions.
    """

    def __init__(self, registry: ModelRegistry, securables: Securables):
        self.registry = registry
        self.securables = securables
        self.governance = securables.governance
        self._ready_folders: dict[tuple[str, str], Path] = {}

    # ---- privileges --------------------------------------------------------------------------
    def authorized_name(self, call: Call, *one_of: str) -> str:
        """Return the name of a call's model, if the caller has one of the privileges on it.

        Without privileges, only the owner is authorized.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED``, or ``INVALID_PARAMETER_VALUE`` for a name that is not valid.
        """
        name = model_name(call.text("name"))
        self.require_privilege(call, name, *one_of)
        return name

    def require_privilege(self, call: Call, name: str, *one_of: str) -> None:
        """Check that the caller owns a model, or has one of the privileges on it.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED``.
        """
        # a registered model is a function in Unity Catalog
        self.governance.require(call.user, Securable("function", name), *one_of)

    def visible_models(self, call: Call, *parents: str) -> list[RegisteredModel]:
        """Return the models that a list shows to the caller.

        Parameters
        ----------
        call : Call
        *parents : str
            Catalog and schema of the models; by default all catalogs and schemas.
        """
        return [
            model
            for model in self.registry.models()
            if model.name.split(".")[: len(parents)] == [*parents]
            and self.governance.may(
                call.user, Securable("function", model.name), "EXECUTE", "BROWSE"
            )
        ]

    def owner(self, name: str) -> str:
        return self.governance.owner(Securable("function", name))

    # ---- registered models -------------------------------------------------------------------
    def create(self, call: Call, name: str, description: str | None) -> RegisteredModel:
        """Create a model, which the caller owns.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST`` without its schema, ``PERMISSION_DENIED``,
            ``RESOURCE_ALREADY_EXISTS``, or ``INVALID_PARAMETER_VALUE`` for tags that are not valid.
        """
        catalog, schema, _ = split_name(name, 3, "Registered model")
        parent = Securable("schema", f"{catalog}.{schema}")
        self.securables.require(parent)
        self.governance.require(call.user, parent, "CREATE_MODEL", "CREATE_FUNCTION")
        self._require_no_function(name)
        model = self.registry.create_model(name, call.tags(), description)
        if call.user != self.governance.admin:
            self.governance.update(Securable("function", name), owner=call.user)
        return model

    def _require_no_function(self, name: str) -> None:
        """Check that no function has the name: models and functions of a schema share their names."""
        if self.securables.functions.exists(TableName(*name.split("."))):
            raise ApiError(
                conditions.RESOURCE_ALREADY_EXISTS,
                f"There is a function '{name}'; models and functions of a schema share their names. "
                "Choose another name for the model.",
            )

    def set_description(self, name: str, description: str | None) -> None:
        """Change the description of a model; None leaves it as it is."""
        self.registry.model(name)
        if description is not None:
            self.registry.describe_model(name, description)

    def rename(self, name: str, new_name: str | None) -> str:
        """Rename a model within its schema, and return its name.

        Parameters
        ----------
        name : str
            The model's full name.
        new_name : str or None
            One level, or all three levels; None and an empty name leave the model's name as it is.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` for another schema, ``RESOURCE_ALREADY_EXISTS``.
        """
        if not new_name:
            return name
        schema = name.rpartition(".")[0]
        full = model_name(new_name if "." in new_name else f"{schema}.{new_name}")
        if full.rpartition(".")[0] != schema:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Cannot rename '{name}' to '{new_name}': a model stays in its schema '{schema}'. "
                "To have it elsewhere, copy its versions: copy_model_version.",
            )
        if full != name:
            self._require_no_function(full)
            self.registry.rename_model(name, full)
            self._ready_folders.clear()
            self.governance.rename(Securable("function", name), Securable("function", full))
        return full

    def delete(self, call: Call) -> None:
        """Delete the model of a call, its versions and its grants."""
        name = self.authorized_name(call)
        self.registry.delete_model(name)
        self.governance.remove(Securable("function", name))

    def delete_alias(self, call: Call) -> None:
        """Delete an alias of the model of a call."""
        self.registry.delete_alias(self.authorized_name(call), call.text("alias"))

    # ---- versions ----------------------------------------------------------------------------
    def version(self, call: Call) -> Version:
        """Return the model version of a call."""
        return self.registry.version(self.authorized_name(call, "EXECUTE"), call.text("version"))

    def version_by_alias(self, call: Call) -> Version:
        """Return the model version of a call that gives an alias."""
        name = self.authorized_name(call, "EXECUTE")
        return self.registry.version_by_alias(name, call.text("alias"))

    def set_version_description(self, call: Call, parameter: str) -> Version:
        """Change the description of the model version of a call, and return the version.

        Parameters
        ----------
        call : Call
        parameter : str
            The call's parameter that holds the description.
        """
        name, number = self.authorized_name(call), call.text("version")
        self.registry.describe_version(name, number, call.optional(parameter) or "")
        return self.registry.version(name, number)

    def delete_version(self, call: Call) -> None:
        """Delete the model version of a call, and its files."""
        self.registry.delete_version(self.authorized_name(call), call.text("version"))

    def ready_folder(self, name: str, number: str) -> Path:
        """Return the folder of a version whose files do not change any more.

        A client requests each file of a download, and the registry answers more slowly than the disk:
        the folder is cached. If the folder is gone, its version was deleted, and is looked up again.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST``, or ``INVALID_STATE`` if the version is not ready.
        """
        folder = self._ready_folders.get((name, number))
        if folder is None or not folder.is_dir():
            version = self.registry.version(name, number)
            require_ready(version)
            folder = self._ready_folders[name, number] = self.registry.folder(version)
        return folder


def require_ready(version: Version) -> None:
    """Check that all files of a version were uploaded.

    Raises
    ------
    ApiError
        ``INVALID_STATE`` if the version is not ready.
    """
    if version.record.status != READY:
        raise ApiError(
            conditions.INVALID_STATE,
            f"Version {version.number} of model '{version.name}' is {version.record.status}, not "
            f"{READY}: its upload did not end. Register the model again.",
        )
