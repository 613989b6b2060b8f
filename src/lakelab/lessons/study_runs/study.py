"""The experiment of the study: create it as a whole, and replace it if somebody changed it."""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.lessons.study_runs.recorder import MADE_BY, Recorder
from lakelab.lessons.study_runs.rows import read_rows
from lakelab.lessons.study_runs.trials import (
    boostings,
    checks,
    finals,
    first_steps,
    regressions,
    trees,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

FINGERPRINT = "lakelab.study"
"""Tag of the experiment: a digest of its runs when the study was complete."""

UNFINISHED_SECONDS = 600
"""An unfinished study that is older was interrupted: no process works on it."""


def make_study(name: str) -> str:
    """Create the study, unless it exists and is complete.

    The study is created under another name, and gets its own name at the end: it is never visible in
    part. If runs of it were changed, added, deleted or restored, a new study replaces it. The old study
    is renamed, and deleted if it contains no runs of the learner.

    Parameters
    ----------
    name : str
        Name of the experiment, such as ``/Users/learner@example.com/lakelab_study``.

    Returns
    -------
    str
        Id of the experiment.

    Raises
    ------
    RuntimeError
        If a run does not end as planned.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    _delete_interrupted(client, name)
    existing = client.get_experiment_by_name(name)
    if existing and _is_complete(client, existing):
        return str(existing.experiment_id)
    created = str(client.create_experiment(f"{name}_unfinished_{uuid.uuid4().hex[:8]}"))
    # a new thread has no active run of the learner, to which MLflow would add the models
    with ThreadPoolExecutor(1) as executor:
        executor.submit(run_all, client, created).result()
    client.set_experiment_tag(created, FINGERPRINT, _fingerprint(client, created))
    # without a lock between notebooks, another one may have finished first
    existing = client.get_experiment_by_name(name)
    if existing and _is_complete(client, existing):
        client.delete_experiment(created)
        return str(existing.experiment_id)
    if existing:
        _retire(client, existing)
    client.rename_experiment(created, name)
    return created


def _is_complete(client: MlflowClient, experiment: Experiment) -> bool:
    if experiment.lifecycle_stage != "active" or FINGERPRINT not in experiment.tags:
        return False
    current = _fingerprint(client, experiment.experiment_id)
    return bool(experiment.tags[FINGERPRINT] == current)


def _fingerprint(client: MlflowClient, experiment: str) -> str:
    """Return a digest of this package, and of all runs and models of the experiment."""
    from mlflow.entities import ViewType

    runs = client.search_runs([experiment], run_view_type=ViewType.ALL)
    models = client.search_logged_models([experiment])
    contents = [
        [
            run.info.run_id,
            run.info.status,
            run.info.lifecycle_stage,
            run.data.params,
            run.data.metrics,
        ]
        for run in runs
    ]
    contents += [[model.model_id, str(model.status), model.source_run_id] for model in models]
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    for line in sorted(json.dumps(content, sort_keys=True) for content in contents):
        digest.update(line.encode())
    return digest.hexdigest()


def _retire(client: MlflowClient, experiment: Experiment) -> None:
    """Rename an experiment, and delete it unless it contains runs of the learner."""
    if experiment.lifecycle_stage != "active":
        client.restore_experiment(experiment.experiment_id)
    old = f"{experiment.name}_replaced_{experiment.experiment_id}"
    client.rename_experiment(experiment.experiment_id, old)
    if all(
        MADE_BY in run.data.tags.items() for run in client.search_runs([experiment.experiment_id])
    ):
        client.delete_experiment(experiment.experiment_id)


def _delete_interrupted(client: MlflowClient, name: str) -> None:
    """Delete the experiments of earlier attempts that were interrupted."""
    before = (time.time() - UNFINISHED_SECONDS) * 1000
    # the pattern also matches experiments of other users, if the user may see them
    pattern = "name LIKE '%/lakelab_study_unfinished_%'"
    for experiment in client.search_experiments(filter_string=pattern):
        created = experiment.creation_time or 0
        if experiment.name.startswith(f"{name}_unfinished_") and created < before:
            client.delete_experiment(experiment.experiment_id)


def run_all(client: MlflowClient, experiment: str) -> None:
    with _quiet_training():
        recorder = Recorder(client, experiment, read_rows())
        for trial in first_steps():
            recorder.record(trial)
        recorder.sweep("regression sweep", regressions(), copy_best=False)
        recorder.sweep("tree sweep", trees(), copy_best=True)
        for trial in [*boostings(), *finals(), *checks()]:
            recorder.record(trial)


@contextmanager
def _quiet_training() -> Iterator[None]:
    """Train in one thread, without warnings, and without the runs of autologging."""
    from mlflow.utils.autologging_utils import disable_autologging
    from threadpoolctl import threadpool_limits

    logger = logging.getLogger("mlflow")  # it warns of each model that is kept as a pickle
    level = logger.level
    # On Databricks ML runtimes, autologging would log a run of its own for each training.
    # On a few thousand rows, waiting for other threads takes longer than they save.
    with disable_autologging(), threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
