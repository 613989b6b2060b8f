"""The MLflow records of a call: an experiment, a run with the data, and a run for each trial.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/
"""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import mlflow
import pandas as pd
from mlflow.entities import Experiment
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.utils.autologging_utils import disable_autologging

from lakelab.automl.errors import AutoMLError
from lakelab.automl.locations import experiments_folder, notebooks_folder

DATA_RUN = "Training Data Storage and Analysis"
"""The name of the run that keeps the data of the trials."""

TRIAL_TAG = "lakelab.automl.trial"
"""The tag with the number of a trial: ``search_runs(filter_string="tags.`lakelab.automl.trial` != ''")``."""


@dataclass(frozen=True)
class Records:
    """The experiment, the folder and the data run of one call.

    Attributes
    ----------
    experiment : mlflow.entities.Experiment
    folder : Path
        The folder of the generated notebooks.
    data_run_id : str
        The run with the artifact ``data``, a Parquet file.
    """

    experiment: Experiment
    folder: Path
    data_run_id: str


def create_records(
    problem: str,
    target_col: str,
    data: pd.DataFrame,
    *,
    experiment_name: str | None = None,
    experiment_dir: str | None = None,
    now: Callable[[], datetime.datetime] = datetime.datetime.now,
) -> Records:
    """Create the experiment of a call, and log the data to it.

    Parameters
    ----------
    problem : {"classify", "regress", "forecast"}
    target_col : str
    data : pandas.DataFrame
        The data that the notebooks of the trials load.
    experiment_name : str, optional
        By default the name consists of target, problem and time.
    experiment_dir : str, optional
        The workspace folder of the experiment and the notebooks; by default ``databricks_automl`` of
        the user.
    now : callable
        Returns the time.

    Returns
    -------
    Records

    Raises
    ------
    AutoMLError
        If the experiment exists.
    """
    if experiment_name and "/" in experiment_name:
        raise AutoMLError(
            f"experiment_name={experiment_name!r} has a '/': give the folder as experiment_dir."
        )
    stem = experiment_name or f"{target_col}_{problem}"
    suffix = "" if experiment_name else f"-{now():%Y_%m_%d-%H_%M_%S}"
    directory = experiments_folder(experiment_dir)
    client = mlflow.MlflowClient()
    if mlflow.get_tracking_uri().startswith("databricks"):  # the folder must exist there
        importlib.import_module("databricks.sdk").WorkspaceClient().workspace.mkdirs(directory)
    for attempt in range(100):
        name = f"{directory}/{stem}{suffix}{f'_{attempt}' if attempt else ''}"
        if client.get_experiment_by_name(name) is None:
            try:
                experiment = client.get_experiment(client.create_experiment(name))
                break
            except mlflow.MlflowException as error:
                taken = error.error_code == ErrorCode.Name(RESOURCE_ALREADY_EXISTS)
                if (
                    not taken or experiment_name or attempt == 99
                ):  # otherwise a concurrent call took the name
                    raise
        if experiment_name:
            raise AutoMLError(
                f"experiment_name={experiment_name!r}: there is an experiment {name} already. "
                f"Give another name, or none for one with the time in it."
            )
    folder = notebooks_folder(experiment_dir) / re.sub(r"[^\w.-]+", "_", name.rpartition("/")[2])
    folder.mkdir(parents=True, exist_ok=True)
    with record_run(experiment, DATA_RUN) as data_run, tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "training_data.parquet"
        data.to_parquet(file, index=False)
        mlflow.log_artifact(str(file), "data")
    return Records(experiment, folder, data_run.info.run_id)


@contextmanager
def record_run(
    experiment: Experiment, name: str, tags: Mapping[str, str] | None = None
) -> Iterator[Any]:
    """Record a separate run, regardless of the caller's open run and autologging."""
    with (
        disable_autologging(),
        mlflow.start_run(
            experiment_id=experiment.experiment_id,
            run_name=name,
            nested=True,
            tags=dict(tags or {}),
        ) as started,
    ):
        yield started


def artifact_uri(run_id: str, path: str) -> str:
    """Return the URI of an artifact of a run, for :func:`databricks.automl.import_notebook`."""
    return f"runs:/{run_id}/{path}"


def pinned_requirements(*packages: str) -> list[str]:
    """Return pip requirements with the installed versions of packages, for a logged model.

    Examples
    --------
    >>> pinned_requirements("pandas")
    ['pandas==2...']
    """
    return [f"{package}=={importlib.metadata.version(package)}" for package in packages]


@contextmanager
def pickle_by_value(module: ModuleType) -> Iterator[None]:
    """Pickle the definitions of a module by value, so that logged models load without lakelab.

    MLflow logs errors only meanwhile: it would warn of pickle and of integer columns for each model.
    """
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    cloudpickle.register_pickle_by_value(module)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
        logger.setLevel(level)
