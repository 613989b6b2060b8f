"""Exercises of lesson 14: register a model with the client, in any state of the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise

NAME = "main.rehearsal.flight_delay"
MODEL_ID = "m-0123456789abcdef0123456789abcdef"
FEATURES = ["hour", "distance"]


@dataclass(frozen=True)
class Logged:
    """The result of `log_model`, with the attributes that a registration needs."""

    model_id: str = MODEL_ID
    run_id: str = "fedcba9876543210fedcba9876543210"

    @property
    def model_uri(self) -> str:
        return f"models:/{self.model_id}"


@dataclass
class Model:
    """A registered model."""

    name: str = NAME
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """A version of the registered model."""

    version: str
    source: str
    run_id: str
    name: str = NAME
    status: str = "READY"


class Rehearsal:
    """A registry in memory with the calls of MlflowClient for a registration.

    Parameters
    ----------
    versions : int, optional
        The number of versions of the registered model; None if the model does not exist.
    may_create : bool
        Whether the user holds ``CREATE MODEL``.
    """

    def __init__(self, versions: int | None = None, may_create: bool = True):
        self.model = None if versions is None else Model(description="what it is for")
        self.versions = [
            Version(str(n + 1), f"runs:/{n}/model", str(n)) for n in range(versions or 0)
        ]
        self._may_create = may_create

    def create_registered_model(
        self, name: str, tags: Any = None, description: str | None = None
    ) -> Model:
        self._check(name)
        if self.model is not None:
            raise _refusal("RESOURCE_ALREADY_EXISTS", f"Registered model '{name}' already exists.")
        if not self._may_create:
            raise _refusal("PERMISSION_DENIED", "User does not have CREATE MODEL on the schema.")
        self.model = Model(name, description, dict(tags or {}))
        return self.model

    def get_registered_model(self, name: str) -> Model:
        self._check(name)
        if self.model is None:
            raise _refusal("RESOURCE_DOES_NOT_EXIST", f"Model '{name}' does not exist.")
        return self.model

    def search_registered_models(self, filter_string: str | None = None) -> list[Model]:
        if filter_string is not None:
            raise _refusal(
                "INVALID_PARAMETER_VALUE",
                "Argument 'filter_string' is unsupported for models in the Unity Catalog.",
            )
        return [self.model] if self.model else []

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Any = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int | None = None,
        model_id: str | None = None,
    ) -> Version:
        self.get_registered_model(name)
        if not isinstance(source, str):
            raise TypeError(f"source must be a URI, not {type(source).__name__}")
        version = Version(str(len(self.versions) + 1), source, run_id or "")
        self.versions.append(version)
        return version

    def search_model_versions(self, filter_string: str | None = None) -> list[Version]:
        return list(self.versions)

    def get_model_version(self, name: str, version: Any) -> Version:
        self._check(name)
        for found in self.versions:
            if found.version == str(version):
                return found
        raise _refusal("RESOURCE_DOES_NOT_EXIST", f"There is no version {version}.")

    def _check(self, name: str) -> None:
        if name != NAME:
            raise _refusal("RESOURCE_DOES_NOT_EXIST", f"There is no model '{name}', only '{NAME}'.")


def _refusal(code: str, message: str) -> Exception:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import ErrorCode

    return MlflowException(message, error_code=ErrorCode.Value(code))


def check_register(lab: CheckContext, register: Any) -> list[str]:
    """Check the function on a first registration, on a fifth, and on one without permission."""
    if not callable(register):
        return [f"register should be a function, not {type(register).__name__}."]
    wrong = _rehearse(register, Rehearsal(), "Where the model is missing")
    wrong += _rehearse(register, Rehearsal(versions=4), "Where the model exists")
    return wrong or _forbidden(register)


def _rehearse(register: Callable[..., Any], registry: Rehearsal, where: str) -> list[str]:
    logged, before = Logged(), list(registry.versions)
    try:
        returned = register(registry, NAME, logged)
    except AttributeError as error:
        return [_unknown_call(error, registry)]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"{where}, it raised {type(error).__name__}: {error}"]
    added = registry.versions[len(before) :]
    if len(added) != 1:
        created = "no version" if not added else f"{len(added)} versions"
        return [f"{where}, it made {created}, expected one: create_model_version."]
    wrong = []
    version = added[0]
    if version.source not in (logged.model_uri, f"runs:/{logged.run_id}/model"):
        wrong.append(f"{where}, the source is {version.source!r}, expected logged.model_uri.")
    if version.run_id != logged.run_id:
        wrong.append(f"{where}, the version does not know its run: give run_id.")
    if returned is None:
        wrong.append(f"{where}, it returns nothing; return what create_model_version returned.")
    elif returned != version:
        wrong.append(f"{where}, it returns {returned!r}, not the version that it made.")
    return wrong


def _unknown_call(error: AttributeError, registry: Rehearsal) -> str:
    message = str(error).replace("Rehearsal", "rehearsal client")
    if "Rehearsal" not in str(error):
        return f"register raised AttributeError: {error}"
    calls = ", ".join(call for call in dir(registry) if "_model" in call and call[0] != "_")
    return f"{message}. It has: {calls}."


def _forbidden(register: Callable[..., Any]) -> list[str]:
    """Check that the function raises errors other than that of an existing name."""
    try:
        register(Rehearsal(may_create=False), NAME, Logged())
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        code = getattr(error, "error_code", type(error).__name__)
        if code == "PERMISSION_DENIED":
            return []
        return [
            f"Where creating the model is not allowed, it ends with {code}, and nobody learns that "
            f"a privilege is missing. Pass over RESOURCE_ALREADY_EXISTS only."
        ]
    return ["Where creating the model is not allowed, it raises nothing."]


def check_version(lab: CheckContext, version: Any) -> list[str]:
    """Check a version in the registry: its name, its run, its signature and its predictions."""
    name = f"{lab.catalog}.{lab.schema}.lesson_14_exercise"
    if not hasattr(version, "version") or not hasattr(version, "name"):
        return [f"version should be the version that you made, not {type(version).__name__}."]
    if str(version.name).lower() != name.lower():
        return [f"It is a version of {version.name}, expected {name}."]
    try:
        return _check_registered(name, str(version.version))
    except Exception as error:  # noqa: BLE001 - a learner's version may be anything
        return [f"Looking it up failed with {type(error).__name__}: {error}"]


def _check_registered(name: str, number: str) -> list[str]:
    import mlflow
    import numpy as np
    from mlflow import MlflowClient
    from sklearn.linear_model import LinearRegression

    from lakelab.flights import read_raw

    client = MlflowClient(registry_uri="databricks-uc")
    found = client.get_model_version(name, number)
    wrong = []
    if not found.run_id:
        wrong.append("It does not know its run: give run_id.")
    inputs = mlflow.models.get_model_info(f"models:/{name}/{number}").signature.inputs
    if inputs.input_names() != FEATURES:
        given = ", ".join(map(str, inputs.input_names()))
        mistake = f"Its signature takes {given}, expected {', '.join(FEATURES)}: use X_july."
        return [*wrong, mistake]  # it cannot make the predictions below
    flights = read_raw("flights").dropna(subset=["arr_delay"]).query("month == 7")
    features = flights[FEATURES].astype("float64")
    july = LinearRegression().fit(features, flights["arr_delay"])
    loaded = mlflow.sklearn.load_model(f"models:/{name}/{number}")
    if not np.allclose(loaded.predict(features.head()), july.predict(features.head())):
        wrong.append("It does not predict what the model of July predicts: is it another model?")
    return wrong


EXERCISES = {
    "14.1": Exercise(
        check=check_register,
        hints=(
            "Two calls: create_registered_model, then create_model_version. The first refuses a "
            "name that exists.",
            "Catch MlflowException around the first call only, look at error.error_code, and raise "
            "it again unless it is RESOURCE_ALREADY_EXISTS.",
            "return client.create_model_version(name, logged.model_uri, run_id=logged.run_id)",
        ),
        solution="""
from mlflow.exceptions import MlflowException


def register(client, name, logged):
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(
        name, logged.model_uri, run_id=logged.run_id, model_id=logged.model_id
    )


lab.check("14.1", register)
""",
        praise="It works the first time and every time after, and hides no other error.",
    ),
    "14.2": Exercise(
        check=check_version,
        hints=(
            "log_model takes signature=, or input_example= to infer it from.",
            "infer_signature(X_july, july.predict(X_july)) has both inputs and outputs.",
            "version = register(client, EXERCISE, logged_july), with what the new log_model returned.",
        ),
        solution="""
EXERCISE = f"{CATALOG}.{SCHEMA}.lesson_14_exercise"
X_july, july = fit(month=7)
with mlflow.start_run(run_name="delay, month 7"):
    logged_july = mlflow.sklearn.log_model(
        july,
        name="model",
        signature=infer_signature(X_july, july.predict(X_july)),
        pip_requirements=["scikit-learn"],
    )

version = register(client, EXERCISE, logged_july)

lab.check("14.2", version)
""",
        praise="A version with a signature, a source and a run: ready to be loaded by anybody.",
    ),
}
