"""The study of lesson 11: its runs are what the lesson says, whatever happened to them before."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from lakelab.lessons.prepare import needs
from lakelab.lessons.study_runs import study
from lakelab.lessons.study_runs.study import make_study

NAME = "/Users/learner@example.com/lakelab_study"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store for runs in a folder of its own; gives its client."""
    root = tmp_path_factory.mktemp("study")
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(root / "artifacts"))
        mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
        yield MlflowClient()
    mlflow.set_tracking_uri(before)


def runs_of(client, experiment, view=ViewType.ALL):
    return list(client.search_runs([experiment], run_view_type=view))


def said(client, experiment):
    """What runs say, without ids and times."""
    return sorted(
        repr((run.info.run_name, run.info.status, run.info.lifecycle_stage,
              sorted(run.data.params.items()), sorted(run.data.metrics.items())))
        for run in runs_of(client, experiment)
    )  # fmt: skip


@pytest.fixture(scope="module")
def experiment(store):
    return make_study(NAME)


@pytest.fixture(scope="module")
def active(store, experiment):
    return runs_of(store, experiment, ViewType.ACTIVE_ONLY)


@pytest.fixture(scope="module")
def finished(active):
    return [
        run
        for run in active
        if run.info.status == "FINISHED" and not math.isnan(run.data.metrics.get("auc", math.nan))
    ]


class TestTheStudy:
    def test_there_are_enough_runs_of_each_kind(self, active):
        assert len(active) >= 60
        ends = [run.info.status for run in active]
        assert (ends.count("FAILED"), ends.count("KILLED"), ends.count("RUNNING")) == (3, 2, 0)
        without = [run.info.run_name for run in active if "auc" not in run.data.metrics]
        assert len(without) == 7
        assert "smoke test" in without
        assert {run.data.params.get("algorithm") for run in active} == {
            "baseline", "regression", "tree", "boosting", None
        }  # fmt: skip

    def test_the_two_best_are_equal_and_the_worse_one_comes_first(self, finished):
        """Same ranking, other probabilities: the later run wins the tie by start time, wrongly."""
        best = max(run.data.metrics["auc"] for run in finished)
        tied = [run for run in finished if run.data.metrics["auc"] == best]
        later, earlier = sorted(tied, key=lambda run: run.info.start_time, reverse=True)
        assert later.info.start_time > earlier.info.start_time
        assert later.data.metrics["log_loss"] > earlier.data.metrics["log_loss"] + 0.05
        third = max(run.data.metrics["auc"] for run in finished if run not in tied)
        assert third < best - 0.005, "another version of scikit-learn should not change the winner"

    def test_a_failed_run_scores_higher_and_a_deleted_one_highest(
        self, store, experiment, active, finished
    ):
        best = max(run.data.metrics["auc"] for run in finished)
        failed = [run for run in active if run.info.status == "FAILED" and run.data.metrics]
        assert [run.data.metrics["auc"] > best for run in failed] == [True]
        deleted = runs_of(store, experiment, ViewType.DELETED_ONLY)
        assert len(deleted) == 2
        assert max(run.data.metrics["auc"] for run in deleted) > failed[0].data.metrics["auc"]

    def test_failed_runs_say_what_they_raised(self, active):
        errors = [run.data.tags["error"] for run in active if run.info.status == "FAILED"]
        assert sum("Input X contains NaN" in error for error in errors) == 2
        assert sum(error.startswith("InvalidParameterError") for error in errors) == 1

    def test_the_newest_run_is_not_the_best(self, active):
        """What an ordering gives that is none: a misspelt metric sorts by start time."""
        newest = max(active, key=lambda run: run.info.start_time)
        assert newest.info.run_name == "early flights"

    def test_one_score_is_not_a_number(self, active):
        odd = [run for run in active if math.isnan(run.data.metrics.get("auc", 0))]
        assert [run.info.run_name for run in odd] == ["early flights"]
        assert odd[0].data.metrics["accuracy"] == 1

    def test_sweeps_have_children_and_one_repeats_the_best_score(self, active):
        sweeps = {run.info.run_id: run for run in active if run.data.tags["stage"] == "sweep"}
        children: dict[str, list[float]] = {parent: [] for parent in sweeps}
        for run in active:
            if parent := run.data.tags.get("mlflow.parentRunId"):
                children[parent].append(run.data.metrics["auc"])
        assert [len(scores) for scores in children.values()] == [12, 12]
        measured = {
            run.info.run_name: run.data.metrics.get("auc") for run_id, run in sweeps.items()
        }
        best = {sweeps[run_id].info.run_name: max(found) for run_id, found in children.items()}
        assert measured == {"regression sweep": None, "tree sweep": best["tree sweep"]}

    def test_learning_curves_end_above_their_lowest_point(self, store, active):
        quick = next(run for run in active if run.info.run_name == "boosting, rate 1.0, 16 leaves")
        curve = store.get_metric_history(quick.info.run_id, "log_loss")
        assert [point.step for point in curve] == list(range(20))
        assert quick.data.metrics["log_loss"] == curve[-1].value
        assert min(point.value for point in curve) < curve[-1].value - 0.1

    def test_models_carry_signature_requirements_and_metrics(self, store, experiment, active):
        models = store.search_logged_models([experiment])
        assert len(models) == 6
        runs = {run.info.run_id: run for run in active}
        for model in models:
            metrics = {metric.key: metric for metric in model.metrics}
            assert metrics["auc"].dataset_name == "flights_jul_aug"
            if run := runs.get(model.source_run_id):
                assert run.data.metrics["auc"] == metrics["auc"].value
                assert run.outputs.model_outputs[0].model_id == model.model_id
        info = mlflow.models.get_model_info(f"models:/{models[0].model_id}")
        assert "temp" in info.signature.inputs.input_names()
        needed = Path(models[0].artifact_location, "requirements.txt").read_text()
        assert "scikit-learn==" in needed

    def test_some_name_the_data_that_they_saw(self, active):
        named = [run for run in active if run.inputs.dataset_inputs]
        assert 10 <= len(named) < len(active)
        names = {item.dataset.name for item in named[0].inputs.dataset_inputs}
        assert names == {"flights_jan_jun", "flights_jul_aug"}

    def test_a_second_call_finds_it_complete(self, store, experiment):
        before = store.get_experiment(experiment)
        assert make_study(NAME) == experiment
        assert store.get_experiment(experiment).last_update_time == before.last_update_time
        assert [found.name for found in store.search_experiments()] == [NAME, "Default"]

    def test_it_is_the_same_each_time(self, store, experiment):
        again = make_study("/Users/somebody.else@example.com/lakelab_study")
        assert again != experiment
        assert said(store, again) == said(store, experiment)


class TestWhateverHappened:
    """The same with a few of the runs, which takes less time."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        rows = study.read_rows()
        monkeypatch.setattr(study, "read_rows", lambda: rows)
        first = study.first_steps()
        kept = {
            "first_steps": [first[0], first[3], first[-1]],  # with a model, failed, deleted
            "regressions": study.regressions()[:2],
            "trees": study.trees()[:1],
            "boostings": [],
            "finals": [],
            "checks": [],
        }
        for part, some in kept.items():
            monkeypatch.setattr(study, part, lambda some=some: some)

    @pytest.fixture
    def name(self, request):
        return f"/Users/{request.node.name}@example.com/lakelab_study"

    def delete_a_run(client, experiment):
        client.delete_run(runs_of(client, experiment, ViewType.ACTIVE_ONLY)[0].info.run_id)

    def restore_a_run(client, experiment):
        client.restore_run(runs_of(client, experiment, ViewType.DELETED_ONLY)[0].info.run_id)

    def log_a_metric(client, experiment):
        run = runs_of(client, experiment, ViewType.ACTIVE_ONLY)[0].info.run_id
        client.log_metric(run, "auc", 1.0)

    def delete_a_model(client, experiment):
        client.delete_logged_model(client.search_logged_models([experiment])[0].model_id)

    def delete_it(client, experiment):
        client.delete_experiment(experiment)

    @pytest.mark.parametrize(
        "spoil", [delete_a_run, restore_a_run, log_a_metric, delete_a_model, delete_it]
    )
    def test_a_spoiled_study_is_replaced(self, store, name, spoil):
        first = make_study(name)
        runs = said(store, first)
        spoil(store, first)

        second = make_study(name)

        assert second != first
        assert said(store, second) == runs
        assert store.get_experiment(second).name == name
        assert store.get_experiment(first).lifecycle_stage == "deleted"
        assert make_study(name) == second

    def test_a_run_of_the_learners_own_is_kept_out_of_the_study_and_alive(self, store, name):
        first = make_study(name)
        own = store.create_run(first, run_name="mine")
        second = make_study(name)
        assert second != first
        assert len(runs_of(store, second)) == 8
        assert store.get_experiment(first).name == f"{name}_replaced_{first}"
        assert store.get_run(own.info.run_id).info.lifecycle_stage == "active"

    def test_a_new_version_of_the_study_replaces_the_old_one(
        self, store, name, monkeypatch, tmp_path
    ):
        first = make_study(name)
        package = shutil.copytree(Path(study.__file__).parent, tmp_path / "study_runs")
        monkeypatch.setattr(study, "__file__", str(package / "study.py"))
        assert make_study(name) == first, "a copy is the same version"
        with (package / "trials.py").open("a") as file:
            file.write("# changed\n")
        assert make_study(name) != first

    def test_what_was_cut_off_is_made_again_and_cleared_away_later(self, store, name, monkeypatch):
        cut_off = f"""
import os, signal, mlflow
from lakelab.lessons.study_runs.recorder import Recorder
from lakelab.lessons.study_runs.study import make_study
mlflow.set_tracking_uri({mlflow.get_tracking_uri()!r})
record, done = Recorder.record, []
def until_the_fourth(self, trial, parent=None):
    done.append(trial)
    if len(done) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return record(self, trial, parent)
Recorder.record = until_the_fourth
make_study({name!r})
"""
        died = subprocess.run([sys.executable, "-c", cut_off], env={**os.environ}, check=False)
        assert died.returncode == -signal.SIGKILL
        assert store.get_experiment_by_name(name) is None, "nobody finds half a study"

        made = make_study(name)

        assert store.get_experiment(made).name == name
        assert len(runs_of(store, made)) == 8
        unfinished = f"name LIKE '{name}_unfinished_%'"
        assert len(store.search_experiments(filter_string=unfinished)) == 1
        monkeypatch.setattr(study, "UNFINISHED_SECONDS", 0)
        assert make_study(name) == made
        assert store.search_experiments(filter_string=unfinished) == []

    def test_where_another_notebook_was_quicker_its_study_stays(self, store, name, monkeypatch):
        run_all, others = study.run_all, []

        def while_another_one_works(client, experiment):
            if not others:
                others.append("")
                others[0] = make_study(name)
            run_all(client, experiment)

        monkeypatch.setattr(study, "run_all", while_another_one_works)
        assert make_study(name) == others[0]
        assert [found.name for found in store.search_experiments() if name in found.name] == [name]

    def test_autologging_and_a_run_that_is_active_make_no_difference(self, store, name):
        mlflow.sklearn.autolog(log_models=False)
        mlflow.set_experiment("the learner's own")
        try:
            with mlflow.start_run() as own:
                made = make_study(name)
                assert mlflow.active_run().info.run_id == own.info.run_id
        finally:
            mlflow.sklearn.autolog(disable=True)
        assert len(runs_of(store, made)) == 8
        of_the_learner = store.get_run(own.info.run_id)
        assert (of_the_learner.data.params, of_the_learner.outputs.model_outputs) == ({}, [])
        assert len(runs_of(store, own.info.experiment_id)) == 1


def test_the_study_is_the_users_own(monkeypatch):
    import databricks.sdk

    class Somebody:
        current_user = property(lambda self: self)
        user_name = "ana@example.com"

        def me(self):
            return self

    names: list[str] = []
    monkeypatch.setattr(databricks.sdk, "WorkspaceClient", Somebody)
    monkeypatch.setattr("lakelab.lessons.study_runs.make_study", names.append)
    needs.study(None)
    assert names == ["/Users/ana@example.com/lakelab_study"]
