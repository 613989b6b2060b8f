"""Find the objects that the course created, in the order in which they can be removed.

An object is found if it has a name from ``lessons/created_objects.yaml``, lies in the scope, and belongs
to the user: a learner may have chosen a schema that contains tables of his own.

Tested in ``tests/cleanup/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lakelab.cleanup import delete
from lakelab.cleanup.delete import ignore_missing
from lakelab.cleanup.inventory import CourseObject, Inventory
from lakelab.cleanup.scope import CleanupScope
from lakelab.lessons.created_objects import created_objects

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from pyspark.sql import SparkSession

Finder = Callable[[], Iterator[CourseObject | str]]
"""Yields objects to remove, and for objects that stay the line that says why."""


def find(scope: CleanupScope) -> Inventory:
    """Find what the course created, in the order in which it can be removed.

    Parameters
    ----------
    scope : CleanupScope

    Returns
    -------
    Inventory
        With the kinds that could not be listed.
    """
    from databricks.sdk import WorkspaceClient

    w = WorkspaceClient()
    user = str(w.current_user.me().user_name)
    schemas = {
        scope.full_schema: SchemaContents(w, scope.full_schema, "tables", "models"),
        **{
            name: SchemaContents(w, name, "environment_tables", "environment_models")
            for name in scope.environments.values()
        },
    }
    inventory = Inventory()
    for title, finder in _finders(w, user, scope, schemas):
        try:
            for one in finder():
                if isinstance(one, CourseObject):
                    inventory.objects.append(one)
                else:
                    inventory.kept.append(one)
        except Exception as error:  # noqa: BLE001 - of any client; it is reported, and the next kind follows
            reason = str(error).strip().partition("\n")[0]
            inventory.unchecked.append(f"{title} ({type(error).__name__}: {reason})")
    for contents in reversed(schemas.values()):
        _add_schema(scope, contents, inventory)
    return inventory


def _finders(
    w: WorkspaceClient, user: str, scope: CleanupScope, schemas: Mapping[str, SchemaContents]
) -> Iterator[tuple[str, Finder]]:
    """Yield the title and the finder of each kind: an object before those that it depends on."""
    if scope.endpoints:
        yield "serving endpoints", partial(_endpoints, w, user, scope)
    yield "online tables", partial(_online_tables, w, user, schemas[scope.full_schema])
    yield "online stores", partial(_online_stores, w, user, scope)
    for name, contents in schemas.items():
        yield f"models in {name}", partial(_models, w, user, contents)
    for name, contents in schemas.items():
        yield f"tables in {name}", partial(_tables, user, scope.spark, contents)
    yield "models in the workspace registry", partial(_workspace_models, w, user)
    yield "experiments", partial(_experiments, user)
    yield "AutoML's records", partial(_automl, w, user)


class SchemaContents:
    """The tables and models of a schema, listed at each call; empty lists if there is no schema.

    Parameters
    ----------
    w : WorkspaceClient
    name : str
        The two-level name.
    tables_kind, models_kind : str
        The keys of ``created_objects.yaml`` for tables and models of this schema.
    """

    def __init__(self, w: WorkspaceClient, name: str, tables_kind: str, models_kind: str):
        self._w = w
        self.name = name
        self.tables_kind = tables_kind
        self.models_kind = models_kind
        self.catalog, _, self.schema = name.partition(".")

    @property
    def exists(self) -> bool:
        """Whether the schema exists."""
        return ignore_missing(lambda: self._w.schemas.get(self.name)) is not None

    def tables(self) -> list[Any]:
        """Return all tables."""
        return ignore_missing(lambda: list(self._w.tables.list(self.catalog, self.schema))) or []

    def models(self) -> list[Any]:
        """Return all models."""
        models = partial(
            self._w.registered_models.list, catalog_name=self.catalog, schema_name=self.schema
        )
        return ignore_missing(lambda: list(models())) or []

    def others(self) -> list[Any]:
        """Return functions and volumes. No lesson creates any, and the local workspace has none."""
        schema = self.catalog, self.schema
        functions = ignore_missing(lambda: list(self._w.functions.list(*schema))) or []
        volumes = ignore_missing(lambda: list(self._w.volumes.list(*schema))) or []
        return [*functions, *volumes]


def _of_another_user(kind: str, name: str, user: str, *owners: str | None) -> str | None:
    """Return why an object stays, if it belongs to another user. Without an owner, it is the user's."""
    known = [owner for owner in owners if owner]
    return f"{kind} {name}, which is {known[0]}'s" if known and user not in known else None


def _endpoints(w: WorkspaceClient, user: str, scope: CleanupScope) -> Iterator[CourseObject | str]:
    from lakelab.serving import endpoint_name

    names = [
        endpoint_name(f"models:/{scope.full_schema}.{model}@Champion")
        for model in created_objects()["served"]
    ]
    for endpoint in w.serving_endpoints.list():
        name = endpoint.name
        if name in names:
            yield _of_another_user(
                "serving endpoint", name, user, endpoint.creator
            ) or CourseObject("serving endpoint", name, partial(w.serving_endpoints.delete, name))


def _online_tables(
    w: WorkspaceClient, user: str, contents: SchemaContents
) -> Iterator[CourseObject | str]:
    for table in contents.tables():
        if table.name in created_objects()["online_tables"]:
            name = f"{contents.name}.{table.name}"
            yield _of_another_user(
                "online table", name, user, table.created_by, table.owner
            ) or CourseObject("online table", name, partial(delete.delete_online_table, w, name))


def _online_stores(
    w: WorkspaceClient, user: str, scope: CleanupScope
) -> Iterator[CourseObject | str]:
    name = f"{scope.schema}-online".replace("_", "-")
    store = ignore_missing(lambda: w.feature_store.get_online_store(name))
    if store is not None:
        yield _of_another_user("online store", name, user, store.creator) or CourseObject(
            "online store",
            name,
            partial(delete.delete_online_store, w, scope, name),
            "with its online tables",
        )


def _models(
    w: WorkspaceClient, user: str, contents: SchemaContents
) -> Iterator[CourseObject | str]:
    for model in contents.models():
        if model.name in created_objects()[contents.models_kind]:
            name = f"{contents.name}.{model.name}"
            kept = _of_another_user("model", name, user, model.created_by, model.owner)
            versions = len(list(w.model_versions.list(name))) if not kept else 0
            yield kept or CourseObject(
                "model", name, partial(delete.delete_model, w, name), f"versions: {versions}"
            )


def _tables(
    user: str, spark: SparkSession, contents: SchemaContents
) -> Iterator[CourseObject | str]:
    for table in contents.tables():
        if table.name in created_objects()[contents.tables_kind]:
            name = f"{contents.name}.{table.name}"
            statement = (
                f"DROP TABLE IF EXISTS {_quoted(contents.catalog, contents.schema, table.name)}"
            )
            yield _of_another_user(
                "table", name, user, table.created_by, table.owner
            ) or CourseObject("table", name, partial(_sql, spark, statement))


def _workspace_models(w: WorkspaceClient, user: str) -> Iterator[CourseObject | str]:
    """Find models in the workspace's own registry, which is disabled in new accounts.

    All users of the workspace share the registry, which has no schemas. Only the models that the user
    created are found.
    """
    from databricks.sdk.errors import BadRequest, PermissionDenied

    for name in created_objects()["workspace_models"]:
        try:
            response = ignore_missing(partial(w.model_registry.get_model, name))
        except (BadRequest, PermissionDenied):  # the registry is disabled, or closed to the user
            return
        model = response.registered_model_databricks if response else None
        if model is not None:
            yield _of_another_user("workspace model", name, user, model.user_id) or CourseObject(
                "workspace model", name, partial(delete.delete_workspace_model, name)
            )


def _experiments(user: str) -> Iterator[CourseObject | str]:
    from mlflow import MlflowClient

    client = MlflowClient()
    for short in created_objects()["experiments"]:
        name = f"/Users/{user}/{short}"
        experiment = client.get_experiment_by_name(name)
        if experiment is not None and experiment.lifecycle_stage == "active":
            yield CourseObject(
                "experiment",
                name,
                partial(delete.delete_experiment, experiment.experiment_id, name),
            )


def _automl(w: WorkspaceClient, user: str) -> Iterator[CourseObject | str]:
    """Find AutoML's records in the lessons' own folders, which are not the learner's folder."""
    from mlflow import MlflowClient

    client = MlflowClient()
    for short in created_objects()["automl_folders"]:
        folder = f"/Users/{user}/{short}"
        for experiment in client.search_experiments(filter_string=f"name LIKE '{folder}/%'"):
            yield CourseObject(
                "experiment",
                experiment.name,
                partial(client.delete_experiment, experiment.experiment_id),
            )
        if ignore_missing(partial(w.workspace.get_status, folder)) is not None:
            yield CourseObject(
                "folder",
                folder,
                partial(w.workspace.delete, folder, recursive=True),
                "AutoML's notebooks",
            )


def _add_schema(scope: CleanupScope, contents: SchemaContents, inventory: Inventory) -> None:
    """Add a schema to the inventory: to the objects if it would be empty and is the course's own."""
    if not contents.exists:
        return
    schema = contents.name
    if not scope.is_default_schema:
        inventory.kept.append(f"schema {schema}, as its name is not the course's own but yours")
        return
    removed = {one.name for one in inventory.objects}
    remaining = [
        one.name
        for one in [*contents.tables(), *contents.models(), *contents.others()]
        if f"{schema}.{one.name}" not in removed
    ]
    if remaining:
        names = ", ".join(remaining)
        inventory.kept.append(f"schema {schema}, for what is not the course's: {names}")
        return
    statement = f"DROP SCHEMA IF EXISTS {_quoted(contents.catalog, contents.schema)} RESTRICT"
    inventory.objects.append(CourseObject("schema", schema, partial(_sql, scope.spark, statement)))


def _quoted(*parts: str) -> str:
    return ".".join(f"`{part}`" for part in parts)


def _sql(spark: SparkSession, statement: str) -> None:
    spark.sql(statement)
