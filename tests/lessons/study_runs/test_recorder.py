"""A recorder logs trials as runs, and accepts no other end than the planned one."""

from __future__ import annotations

import mlflow
import pytest
from mlflow import MlflowClient

from lakelab.lessons.study_runs.recorder import Recorder
from lakelab.lessons.study_runs.rows import read_rows
from lakelab.lessons.study_runs.scores import score_once
from lakelab.lessons.study_runs.trials import Trial

PARAMS = {"algorithm": "tree", "features": "schedule", "rows": 100}


@pytest.fixture
def recorder(tmp_path) -> Recorder:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    client = MlflowClient()
    yield Recorder(client, client.create_experiment("study"), read_rows())
    mlflow.set_tracking_uri(before)


def test_a_run_that_ends_otherwise_than_planned_is_an_error(recorder):
    with pytest.raises(RuntimeError, match="run 'x' should end FAILED, and ended FINISHED"):
        recorder.record(Trial("x", "tree", PARAMS, score_once, ends="FAILED"))
    with pytest.raises(ValueError, match="max_depth"):
        recorder.record(Trial("x", "tree", PARAMS | {"max_depth": 0}, score_once))


def test_a_planned_failure_is_logged_with_its_error(recorder):
    trial = Trial("x", "tree", PARAMS | {"max_depth": 0}, score_once, ends="FAILED", note="broken")
    assert recorder.record(trial) != recorder.record(trial), "NaN"
    run, _ = recorder.client.search_runs([recorder.experiment])
    assert run.info.status == "FAILED"
    assert run.data.tags["error"].startswith("InvalidParameterError: ")
    assert run.data.tags["mlflow.note.content"] == "broken"
    assert run.data.params["max_depth"] == "0"
