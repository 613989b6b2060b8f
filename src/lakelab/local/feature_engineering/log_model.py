"""Log a model together with its feature spec.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/train-models-with-feature-store
"""

from __future__ import annotations

import inspect
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

import yaml

from lakelab.local.catalog.names import is_level
from lakelab.local.feature_engineering import lineage, packaged_model
from lakelab.local.feature_engineering.feature_spec import FILE, FeatureSpec
from lakelab.local.feature_engineering.requirements import pinned_requirements
from lakelab.local.feature_engineering.signature import infer_signature
from lakelab.local.feature_engineering.training_set import TrainingSet
from lakelab.local.spark.results import as_dataframe

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

    from lakelab.local.spark.session import LocalSparkSession


def log_model(
    spark: LocalSparkSession,
    *,
    model: Any,
    artifact_path: str,
    flavor: ModuleType,
    training_set: TrainingSet | None,
    registered_model_name: str | None,
    registration_options: dict[str, Any],
    infer_input_example: bool,
    extra_pip_requirements: list[str] | None,
    **kwargs: Any,
) -> ModelInfo:
    """Package the model and the feature spec, log them as one pyfunc model, and register it if named.

    See :meth:`FeatureEngineeringClient.log_model` for parameters and errors.
    """
    import mlflow

    spec = _spec(training_set, kwargs.pop("feature_spec_path", None))
    _require_flavor(flavor)
    _require_artifact_path(artifact_path)
    labels = training_set.label_types if training_set else {}
    output_schema, params = kwargs.pop("output_schema", None), kwargs.pop("params", None)
    signature = infer_signature(spec, labels, output_schema, params)
    if registered_model_name is not None:
        _require_registrable(registered_model_name, signature)
    with TemporaryDirectory(dir=spark.home.scratch) as folder:
        package = Path(folder) / packaged_model.FOLDER
        spec.save(package)
        options = _save_options(
            model, flavor, _requirements(training_set, extra_pip_requirements), kwargs
        )
        environment = _save_with_flavor(model, flavor, package, signature, options)
        example = (
            _input_example(spark, training_set) if infer_input_example and training_set else None
        )
        info = _log(spec, package, environment, artifact_path, signature, example)
    if registered_model_name is not None:
        with hide_artifact_progress():
            mlflow.register_model(info.model_uri, registered_model_name, **registration_options)
    return info


# ---- checks, all before the model is logged ---------------------------------------------------------
def _spec(training_set: TrainingSet | None, feature_spec_path: str | None) -> FeatureSpec:
    if (training_set is None) == (feature_spec_path is None):
        raise ValueError(
            "Either 'training_set' or 'feature_spec_path' must be provided, but not both."
        )
    if training_set is not None:
        if not isinstance(training_set, TrainingSet):
            raise ValueError(
                f"training_set must be what create_training_set returned, "
                f"not {type(training_set).__name__}."
            )
        return training_set.feature_spec
    path = Path(str(feature_spec_path))
    if path.name != FILE:
        raise ValueError(f"'feature_spec_path' must be a path to {FILE}, not '{path}'.")
    return FeatureSpec.load(path.parent)


def _require_flavor(flavor: Any) -> None:
    if not (hasattr(flavor, "save_model") and hasattr(flavor, "FLAVOR_NAME")):
        raise ValueError(
            f"flavor must be an MLflow flavor module with a python_function flavor, such as "
            f"mlflow.sklearn, not {flavor!r}."
        )


def _require_artifact_path(artifact_path: Any) -> None:
    if not isinstance(artifact_path, str) or not artifact_path.strip():
        raise ValueError(
            f"artifact_path must name the model within its run, such as 'model', not {artifact_path!r}."
        )


def _require_registrable(name: str, signature: ModelSignature | None) -> None:
    """Raise before logging if Unity Catalog would refuse to register the logged model."""
    import mlflow
    from mlflow.exceptions import MlflowException

    if not isinstance(name, str) or not name.strip():
        raise MlflowException.invalid_parameter_value(
            f"registered_model_name must be a name, not {name!r}."
        )
    if not mlflow.get_registry_uri().startswith("databricks-uc"):
        return
    if len(name.split(".")) != 3 or not all(map(is_level, name.split("."))):
        raise MlflowException.invalid_parameter_value(
            f"'{name}' is not the name of a model in Unity Catalog: give <catalog>.<schema>.<model>."
        )
    if signature is None or signature.outputs is None:
        raise MlflowException.invalid_parameter_value(
            f"Model '{name}' cannot be registered in Unity Catalog: its signature has no outputs. "
            f"Create the training set with a label, or pass output_schema to log_model."
        )


def _requirements(training_set: TrainingSet | None, extra: list[str] | None) -> list[str] | None:
    """Return the requirements of the feature spec's functions, followed by those of the caller."""
    spec_requirements = training_set.pip_requirements if training_set else ()
    if not spec_requirements and not extra:
        return extra
    return list(dict.fromkeys([*spec_requirements, *(extra or [])]))


# ---- packaging ------------------------------------------------------------------------------------
def _save_options(
    model: Any, flavor: ModuleType, extra: list[str] | None, caller_options: dict[str, Any]
) -> dict[str, Any]:
    """Complete the caller's options of ``flavor.save_model``."""
    accepted = inspect.signature(flavor.save_model).parameters
    options = dict(caller_options)
    if "pip_requirements" not in caller_options and "conda_env" not in caller_options:
        options["pip_requirements"] = pinned_requirements(model, flavor) + (extra or [])
    elif extra is not None:
        options["extra_pip_requirements"] = extra
    if "serialization_format" in accepted and "skops_trusted_types" not in caller_options:
        # skops, the default since MLflow 3.14, refuses LightGBM and functions of the user
        options.setdefault("serialization_format", "cloudpickle")
    return options


def _save_with_flavor(
    model: Any,
    flavor: ModuleType,
    package: Path,
    signature: ModelSignature | None,
    options: dict[str, Any],
) -> dict[str, Any]:
    """Save the model with its flavor; return the conda environment that the flavor wrote."""
    import mlflow
    from mlflow.models import Model, ModelSignature

    # The inputs of this model are the features, not the columns of the scored rows: no inputs here.
    has_outputs = signature is not None and signature.outputs is not None
    mlflow_model = Model(
        signature=ModelSignature(outputs=signature.outputs, params=signature.params)
        if signature is not None and has_outputs
        else None
    )
    folder = str(package / packaged_model.RAW_MODEL)
    with _quiet_logger(flavor.__name__), warnings.catch_warnings():
        # a pyfunc model needs no type hints: the signature comes from the spec
        warnings.filterwarnings("ignore", message=".*[Tt]ype hint.*")
        _call_save_model(model, flavor, folder, mlflow_model, options)
    if mlflow.pyfunc.FLAVOR_NAME not in mlflow_model.flavors:
        raise ValueError(
            f"log_model does not support '{flavor.__name__}' since it does not have a "
            f"python_function model flavor."
        )
    environment = mlflow_model.flavors[mlflow.pyfunc.FLAVOR_NAME][mlflow.pyfunc.ENV]
    conda = environment["conda"] if isinstance(environment, dict) else environment
    conda_environment: dict[str, Any] = yaml.safe_load(
        (Path(folder) / conda).read_text(encoding="utf-8")
    )
    return conda_environment


def _call_save_model(
    model: Any, flavor: ModuleType, folder: str, mlflow_model: Any, options: dict[str, Any]
) -> None:
    """Call ``save_model`` of the flavor; the arguments of pyfunc have another order."""
    import mlflow

    if flavor.FLAVOR_NAME == mlflow.pyfunc.FLAVOR_NAME:
        flavor.save_model(folder, mlflow_model=mlflow_model, python_model=model, **options)
    else:
        flavor.save_model(model, folder, mlflow_model=mlflow_model, **options)


@contextmanager
def _quiet_logger(name: str) -> Iterator[None]:
    """Hide warnings about cloudpickle, which concern models from untrusted sources."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _input_example(spark: LocalSparkSession, training_set: TrainingSet) -> Any:
    """Return the first row with all columns of the signature: keys, other columns and features."""
    spec = training_set.feature_spec
    rows = training_set.rows_with_features(limit=1).select([column.name for column in spec.columns])
    return as_dataframe(spark, rows).toPandas()


# ---- logging and registering ------------------------------------------------------------------------
def _log(
    spec: FeatureSpec,
    package: Path,
    environment: dict[str, Any],
    artifact_path: str,
    signature: ModelSignature | None,
    example: Any,
) -> ModelInfo:
    import mlflow

    tables = lineage.feature_tables(spec)
    with _active_run(), hide_artifact_progress(), warnings.catch_warnings():
        # the signature comes from the spec, so MLflow needs no example to infer it
        warnings.filterwarnings("ignore", message=".*input example was not provided.*")
        info: ModelInfo = mlflow.pyfunc.log_model(
            name=artifact_path,
            loader_module=packaged_model.__name__,
            data_path=str(package),
            conda_env=environment,
            signature=signature,
            input_example=example,
            tags={lineage.TAG: tables} if tables else None,
        )
        lineage.log_feature_tables(spec)
    return info


@contextmanager
def _active_run() -> Iterator[None]:
    """Work in the active run, or start a run that stays active, as other MLflow calls do."""
    import mlflow

    if mlflow.active_run() is not None:
        yield
        return
    mlflow.start_run()
    try:
        yield
    except BaseException:
        mlflow.end_run("FAILED")
        raise


@contextmanager
def hide_artifact_progress() -> Iterator[None]:
    """Hide MLflow's progress bars in the notebook, unless the user has set the variable."""
    variable = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
    if variable in os.environ:
        yield
        return
    os.environ[variable] = "false"
    try:
        yield
    finally:
        del os.environ[variable]
