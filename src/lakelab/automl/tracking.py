"""Where a call records itself: its experiment, the run that keeps the data, a run for each trial.

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
"""Name of the run that keeps what the trials were trained on."""

TRIAL_TAG = "lakelab.automl.trial"
"""A trial's run has its number here: ``search_runs(filter_string="tags.`lakelab.automl.trial` != ''")``."""


@dataclass(frozen=True)
class Records:
    """The place of one call's records.

    Attributes
    ----------
    experiment : mlflow.entities.Experiment
    folder : Path
        Where the generated notebooks of the call are.
    data_run_id : str
        The run with the artifact ``data``, a Parquet file.
    """

    experiment: Experiment
    folder: Path
    data_run_id: str


def start_records(
    problem: str,
    target_col: str,
    data: pd.DataFrame,
    *,
    experiment_name: str | None = None,
    experiment_dir: str | None = None,
    now: Callable[[], datetime.datetime] = datetime.datetime.now,
) -> Records:
    """Create the experiment of a call, and keep its data there.

    Parameters
    ----------
    problem : {"classify", "regress", "forecast"}
    target_col : str
    data : pandas.DataFrame
        What the notebooks of the trials load.
    experiment_name : str, optional
        By default problem, target and time.
    experiment_dir : str, optional
        Folder of the experiment and the notebooks in the workspace; the user's ``databricks_automl``
        by default.
    now : callable
        Gives the time.

    Returns
    -------
    Records

    Raises
    ------
    AutoMLError
        If there is such an experiment already.
    """
    if experiment_name and "/" in experiment_name:
        raise AutoMLError(
            f"experiment_name={experiment_name!r} has a '/': give the folder as experiment_dir."
        )
    stem = experiment_name or f"{target_col}_{problem}"
    at = "" if experiment_name else f"-{now():%Y_%m_%d-%H_%M_%S}"
    directory = experiments_folder(experiment_dir)
    client = mlflow.MlflowClient()
    if mlflow.get_tracking_uri().startswith("databricks"):  # an experiment's folder must be there
        importlib.import_module("databricks.sdk").WorkspaceClient().workspace.mkdirs(directory)
    for again in range(100):
        name = f"{directory}/{stem}{at}{f'_{again}' if again else ''}"
        if client.get_experiment_by_name(name) is None:
            try:
                experiment = client.get_experiment(client.create_experiment(name))
                break
            except mlflow.MlflowException as error:
                taken = error.error_code == ErrorCode.Name(RESOURCE_ALREADY_EXISTS)
                if not taken or experiment_name or again == 99:  # else another call was quicker
                    raise
        if experiment_name:
            raise AutoMLError(
                f"experiment_name={experiment_name!r}: there is an experiment {name} already. "
                f"Give another name, or none for one with the time in it."
            )
    folder = notebooks_folder(experiment_dir) / re.sub(r"[^\w.-]+", "_", name.rpartition("/")[2])
    folder.mkdir(parents=True, exist_ok=True)
    with run(experiment, DATA_RUN) as data_run, tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "training_data.parquet"
        data.to_parquet(file, index=False)
        mlflow.log_artifact(str(file), "data")
    return Records(experiment, folder, data_run.info.run_id)


@contextmanager
def run(experiment: Experiment, name: str, tags: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Record a run of its own, whatever run the caller has open, and whatever autologging says."""
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
    """Say where an artifact of a run is, for :func:`databricks.automl.import_notebook`."""
    return f"runs:/{run_id}/{path}"


def requirements(*packages: str) -> list[str]:
    """Pin packages to the versions that are installed here, which a model is logged with.

    Examples
    --------
    >>> requirements("pandas")
    ['pandas==2...']
    """
    return [f"{package}=={importlib.metadata.version(package)}" for package in packages]


@contextmanager
def models_kept_whole(module: ModuleType) -> Iterator[None]:
    """Log models with what they use of a module of ours: they are loaded where lakelab is not.

    MLflow says nothing but errors meanwhile: it would tell of pickle and of integers at each model.
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
