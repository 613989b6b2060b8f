"""Remove what the course made, and nothing else, after saying what.

Databricks code: it runs in a workspace as on a laptop. What the lessons make stands in
``lessons/created_objects.yaml``. Only what has one of these names, in the place where the course keeps it, and is the
user's own, is removed: a learner may have named a schema that holds tables of his own.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from pyspark.sql import SparkSession

RESTART = (
    "To go on learning, restart the notebook's session and run the lesson's first cell: it makes again "
    "what the lesson needs."
)


class CleanupError(Exception):
    """Some of it could not be removed; the message says what, and why."""


@dataclass(frozen=True)
class Thing:
    """One thing that the course made.

    Attributes
    ----------
    kind : str
        Such as ``table``.
    name : str
    remove : callable
        Removes it; where it is gone already, this is no error.
    more : str
        What goes with it, such as the number of versions.
    """

    kind: str
    name: str
    remove: Callable[[], None]
    more: str = ""


@dataclass
class Found:
    """What there is.

    Attributes
    ----------
    things : list of Thing
        What would be removed, in the order in which it can be: an endpoint before its model.
    kept : list of str
        What looks like the course's and stays, with the reason.
    unseen : list of str
        What could not be looked at, with the error.
    """

    things: list[Thing] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where the course keeps what it makes.

    Parameters
    ----------
    spark : SparkSession
    catalog, schema : str
    environments : mapping of str to str
        Environment -> ``catalog.schema``.
    own_schema : bool
        Whether the schema is the course's own, and not one that the learner named.
    endpoints : bool
        Whether models are served by endpoints, which stay when the notebook ends.
    """

    spark: SparkSession
    catalog: str
    schema: str
    environments: Mapping[str, str]
    own_schema: bool
    endpoints: bool


@cache
def makes() -> dict[str, tuple[str, ...]]:
    """Read what the lessons make.

    Examples
    --------
    >>> makes()["served"]
    ('flight_delay',)
    """
    file = Path(__file__).parents[1] / "lessons" / "created_objects.yaml"
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {kind: tuple(names) for kind, names in told.items()}


def cleanup(place: Place, confirm: bool = False) -> None:
    """Say what the course made; with ``confirm=True``, remove it.

    Parameters
    ----------
    place : Place
    confirm : bool
        Without it nothing is removed.

    Raises
    ------
    CleanupError
        If some of it could not be removed. Everything else is gone then.
    """
    found = find(place)
    _tell(found, confirm)
    if confirm and found.things:
        failed = remove(found.things)
        print(f"Removed {len(found.things) - len(failed)} of {len(found.things)}. {RESTART}")
        if failed:
            raise CleanupError("not removed: " + "; ".join(failed))


def _tell(found: Found, confirm: bool) -> None:
    if not found.things:
        print("Nothing to remove: of what the course makes, nothing is here.")
    else:
        print(f"What the course made: {len(found.things)}")
    kinds = list(dict.fromkeys(thing.kind for thing in found.things))
    for kind in kinds:
        names = [
            f"{t.name}{f' ({t.more})' if t.more else ''}" for t in found.things if t.kind == kind
        ]
        print(f"  {kind}: {len(names)}")
        for name in names:
            print(f"    {name}")
    for title, lines in (("Stays", found.kept), ("Not looked at", found.unseen)):
        for line in lines:
            print(f"  {title}: {line}")
    if found.things and not confirm:
        print("Nothing is removed yet. lab.cleanup(confirm=True) removes all of it, for good.")


def remove(things: list[Thing]) -> list[str]:
    """Remove things one after the other; what fails does not stop the others.

    Returns
    -------
    list of str
        What could not be removed, with the error.
    """
    failed = []
    for thing in things:
        try:
            _unless_gone(thing.remove)
        except Exception as error:  # noqa: BLE001 - of any client; it is told, and the next one follows
            reason = str(error).strip().partition("\n")[0]
            failed.append(f"{thing.kind} {thing.name} ({type(error).__name__}: {reason})")
    return failed


def _unless_gone(call: Callable[[], Any]) -> Any:
    """Call; None where what it is about does not exist."""
    from databricks.sdk.errors import NotFound
    from mlflow.exceptions import MlflowException

    try:
        return call()
    except NotFound:
        return None
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            return None
        raise


# ---- what there is -----------------------------------------------------------------------------------
def find(place: Place) -> Found:
    """Look for what the course made, in the order in which it can be removed."""
    from databricks.sdk import WorkspaceClient

    w = WorkspaceClient()
    user = str(w.current_user.me().user_name)
    found = Found()
    schemas = {
        f"{place.catalog}.{place.schema}": ("tables", "models"),
        **dict.fromkeys(place.environments.values(), ("environment_tables", "environment_models")),
    }
    listed = {schema: _Listed(w, schema) for schema in schemas}
    looks: list[tuple[str, Callable[[], Iterator[Thing | str]]]] = []
    if place.endpoints:
        looks.append(("serving endpoints", partial(_endpoints, w, user, place)))
    looks.append(("online tables", partial(_online_tables, w, user, place, listed)))
    looks.append(("online stores", partial(_online_stores, w, user, place)))
    for schema, (_, models) in schemas.items():
        looks.append((f"models in {schema}", partial(_models, w, user, listed[schema], models)))
    for schema, (tables, _) in schemas.items():
        looks.append(
            (f"tables in {schema}", partial(_tables, user, place.spark, listed[schema], tables))
        )
    looks.append(("models in the workspace registry", partial(_workspace_models, w, user)))
    looks.append(("experiments", partial(_experiments, user)))
    looks.append(("AutoML's records", partial(_automl, w, user)))
    for what, look in looks:
        try:
            for one in look():
                if isinstance(one, Thing):
                    found.things.append(one)
                else:
                    found.kept.append(one)
        except Exception as error:  # noqa: BLE001 - of any client; it is told, and the others are looked for
            reason = str(error).strip().partition("\n")[0]
            found.unseen.append(f"{what} ({type(error).__name__}: {reason})")
    goes = {thing.name for thing in found.things}
    for schema in reversed(schemas):
        _schema(place, schema, listed[schema], goes, found)
    return found


class _Listed:
    """The tables and models of a schema, listed when somebody asks; none where there is no schema."""

    def __init__(self, w: WorkspaceClient, name: str):
        self._w = w
        self.catalog, _, self.schema = name.partition(".")

    @property
    def exists(self) -> bool:
        return (
            _unless_gone(lambda: self._w.schemas.get(f"{self.catalog}.{self.schema}")) is not None
        )

    def tables(self) -> list[Any]:
        return _unless_gone(lambda: list(self._w.tables.list(self.catalog, self.schema))) or []

    def models(self) -> list[Any]:
        listed = partial(
            self._w.registered_models.list, catalog_name=self.catalog, schema_name=self.schema
        )
        return _unless_gone(lambda: list(listed())) or []

    def others(self) -> list[Any]:
        """Functions and volumes: no lesson makes any. The local workspace knows of none."""
        place = self.catalog, self.schema
        functions = _unless_gone(lambda: list(self._w.functions.list(*place))) or []
        volumes = _unless_gone(lambda: list(self._w.volumes.list(*place))) or []
        return [*functions, *volumes]


def _not_ours(kind: str, name: str, user: str, *owners: str | None) -> str | None:
    """Say why something stays: it is somebody else's. Where nothing says whose it is, it is the user's."""
    known = [owner for owner in owners if owner]
    return f"{kind} {name}, which is {known[0]}'s" if known and user not in known else None


def _endpoints(w: WorkspaceClient, user: str, place: Place) -> Iterator[Thing | str]:
    from lakelab.serving import endpoint_name

    names = [
        endpoint_name(f"models:/{place.catalog}.{place.schema}.{model}@Champion")
        for model in makes()["served"]
    ]
    for endpoint in w.serving_endpoints.list():
        name = endpoint.name
        if name in names:
            yield _not_ours("serving endpoint", name, user, endpoint.creator) or Thing(
                "serving endpoint", name, partial(w.serving_endpoints.delete, name)
            )


def _online_tables(
    w: WorkspaceClient, user: str, place: Place, listed: Mapping[str, _Listed]
) -> Iterator[Thing | str]:
    for table in listed[f"{place.catalog}.{place.schema}"].tables():
        if table.name in makes()["online_tables"]:
            name = f"{place.catalog}.{place.schema}.{table.name}"
            yield _not_ours("online table", name, user, table.created_by, table.owner) or Thing(
                "online table", name, partial(_delete_online_table, w, name)
            )


def _delete_online_table(w: WorkspaceClient, name: str) -> None:
    """Delete an online table: as `w.feature_store.delete_online_table`, which older SDKs have not."""
    w.api_client.do("DELETE", f"/api/2.0/feature-store/online-tables/{name}")


def _online_stores(w: WorkspaceClient, user: str, place: Place) -> Iterator[Thing | str]:
    name = f"{place.schema}-online".replace("_", "-")
    store = _unless_gone(lambda: w.feature_store.get_online_store(name))
    if store is not None:
        yield _not_ours("online store", name, user, store.creator) or Thing(
            "online store", name, partial(_delete_store, w, place, name), "with its online tables"
        )


def _delete_store(w: WorkspaceClient, place: Place, store: str) -> None:
    for table in makes()["online_tables"]:
        _unless_gone(partial(_delete_online_table, w, f"{place.catalog}.{place.schema}.{table}"))
    w.feature_store.delete_online_store(store)


def _models(w: WorkspaceClient, user: str, listed: _Listed, kind: str) -> Iterator[Thing | str]:
    for model in listed.models():
        if model.name in makes()[kind]:
            name = f"{listed.catalog}.{listed.schema}.{model.name}"
            other = _not_ours("model", name, user, model.created_by, model.owner)
            versions = len(list(w.model_versions.list(name))) if not other else 0
            yield other or Thing(
                "model", name, partial(_delete_model, w, name), f"versions: {versions}"
            )


def _delete_model(w: WorkspaceClient, name: str) -> None:
    """Delete a model, its aliases and versions first: whatever the registry asks for, it is so then."""
    model = w.registered_models.get(name, include_aliases=True)
    for alias in model.aliases or []:
        _unless_gone(partial(w.registered_models.delete_alias, name, str(alias.alias_name)))
    for version in list(w.model_versions.list(name)):
        _unless_gone(partial(w.model_versions.delete, name, int(version.version or 0)))
    w.registered_models.delete(name)


def _tables(user: str, spark: SparkSession, listed: _Listed, kind: str) -> Iterator[Thing | str]:
    for table in listed.tables():
        if table.name in makes()[kind]:
            name = f"{listed.catalog}.{listed.schema}.{table.name}"
            quoted = ".".join(f"`{part}`" for part in (listed.catalog, listed.schema, table.name))
            yield _not_ours("table", name, user, table.created_by, table.owner) or Thing(
                "table", name, partial(_sql, spark, f"DROP TABLE IF EXISTS {quoted}")
            )


def _sql(spark: SparkSession, statement: str) -> None:
    spark.sql(statement)


def _workspace_models(w: WorkspaceClient, user: str) -> Iterator[Thing | str]:
    """Look in the workspace's own registry, where there is one: new accounts have it disabled.

    All users of the workspace share it, without schemas: only what the user made is his.
    """
    from databricks.sdk.errors import BadRequest, PermissionDenied

    for name in makes()["workspace_models"]:
        try:
            answer = _unless_gone(partial(w.model_registry.get_model, name))
        except (
            BadRequest,
            PermissionDenied,
        ):  # there is no such registry here, or it is not for us
            return
        model = answer.registered_model_databricks if answer else None
        if model is not None:
            yield _not_ours("workspace model", name, user, model.user_id) or Thing(
                "workspace model", name, partial(_delete_workspace_model, name)
            )


def _delete_workspace_model(name: str) -> None:
    """Delete a model of the workspace registry, which refuses while a version is in use."""
    from mlflow import MlflowClient

    client = MlflowClient(registry_uri="databricks")
    for version in client.search_model_versions(f"name='{name}'"):
        if version.current_stage in ("Staging", "Production"):
            with warnings.catch_warnings(
                action="ignore"
            ):  # stages are deprecated, and all there is
                client.transition_model_version_stage(name, str(version.version), "Archived")
    client.delete_registered_model(name)


def _experiments(user: str) -> Iterator[Thing | str]:
    from mlflow import MlflowClient

    client = MlflowClient()
    for short in makes()["experiments"]:
        name = f"/Users/{user}/{short}"
        experiment = client.get_experiment_by_name(name)
        if experiment is not None and experiment.lifecycle_stage == "active":
            yield Thing(
                "experiment", name, partial(_delete_experiment, experiment.experiment_id, name)
            )


def _automl(w: WorkspaceClient, user: str) -> Iterator[Thing]:
    """Look for what lessons told AutoML to keep in a folder of its own, and not beside the user's."""
    from mlflow import MlflowClient

    client = MlflowClient()
    for short in makes()["automl_folders"]:
        folder = f"/Users/{user}/{short}"
        for experiment in client.search_experiments(filter_string=f"name LIKE '{folder}/%'"):
            yield Thing(
                "experiment",
                experiment.name,
                partial(client.delete_experiment, experiment.experiment_id),
            )
        if _unless_gone(partial(w.workspace.get_status, folder)) is not None:
            yield Thing(
                "folder",
                folder,
                partial(w.workspace.delete, folder, recursive=True),
                "AutoML's notebooks",
            )


def _delete_experiment(experiment_id: str, name: str) -> None:
    """Delete an experiment, which keeps its name while it can be restored: so that it is free again."""
    from mlflow import MlflowClient

    client = MlflowClient()
    client.rename_experiment(experiment_id, f"{name}_deleted_{time.time_ns()}")
    client.delete_experiment(experiment_id)


def _schema(place: Place, schema: str, listed: _Listed, goes: set[str], found: Found) -> None:
    """Let a schema go that would be empty, and is the course's own."""
    if not listed.exists:
        return
    if not place.own_schema:
        found.kept.append(f"schema {schema}, as its name is not the course's own but yours")
        return
    left = [
        one.name
        for one in [*listed.tables(), *listed.models(), *listed.others()]
        if f"{schema}.{one.name}" not in goes
    ]
    if left:
        found.kept.append(f"schema {schema}, for what is not the course's: {', '.join(left)}")
        return
    quoted = ".".join(f"`{part}`" for part in schema.split("."))
    found.things.append(
        Thing(
            "schema", schema, partial(_sql, place.spark, f"DROP SCHEMA IF EXISTS {quoted} RESTRICT")
        )
    )
