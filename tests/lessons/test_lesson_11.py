"""Lesson 11: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from lakelab.lab import Lab
from lakelab.lessons.lesson_11 import exercises
from lakelab.lessons.lesson_11.exercises import HERE, check_best_run, check_best_step
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined

USABLE = "attributes.status = 'FINISHED' AND metrics.auc > 0"
ORDER = ["metrics.auc DESC", "metrics.log_loss ASC"]


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "lakelab"))


def searching(**arguments):
    """Return a function that returns the first run of a search."""

    def best_run(client, experiment_id):
        found = client.search_runs([experiment_id], **arguments)
        return found[0] if found else None

    return best_run


class TestBestRun:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "11.1", defined(exercises.EXERCISES["11.1"].solution, "best_run"))
        assert "11.1: right" in capsys.readouterr().out

    def test_a_loop_over_all_pages_passes(self, lab):
        def best_run(client, experiment_id):
            usable, page = [], None
            while page is None or page.token:
                page = client.search_runs(experiment_id, page_token=page.token if page else None)
                usable += [
                    run
                    for run in page
                    if run.info.status == "FINISHED"
                    and not math.isnan(run.data.metrics.get("auc", math.nan))
                ]
            return min(
                usable,
                key=lambda run: (-run.data.metrics["auc"], run.data.metrics["log_loss"]),
                default=None,
            )

        assert check_best_run(lab, best_run) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def best_run(client, experiment_id): ...

        assert not check(lab, "11.1", best_run)
        assert "best_run returned None, and there is a best run" in capsys.readouterr().out
        assert not check(lab, "11.1", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"order_by": ORDER}, "'crashed early'. It FAILED"),
            (
                {"filter_string": "status != 'FAILED'", "order_by": ORDER},
                "'stopped'. It was KILLED",
            ),
            (
                {
                    "filter_string": "status != 'FAILED' AND status != 'KILLED'",
                    "order_by": ORDER,
                },
                "'still at it'. It is still RUNNING",
            ),
            (
                {"filter_string": USABLE, "order_by": ORDER, "run_view_type": ViewType.ALL},
                "'cheat'. It is deleted",
            ),
            (
                {"filter_string": "status = 'FINISHED'", "order_by": ["metrics.log_loss"]},
                "'smoke test'. It has no auc",
            ),
            (
                {"filter_string": USABLE, "order_by": ["metrics.auc DESC"]},
                "'not calibrated'. Another run has the same auc and a smaller log_loss",
            ),
            (
                {"filter_string": USABLE, "order_by": ["metrics.auc"]},
                "'coin'. It has the lowest auc",
            ),
            (
                {"filter_string": USABLE, "order_by": ["metrics.log_loss"]},
                "'good odds'. It has the smallest log_loss",
            ),
            (
                {"filter_string": "status = 'FINISHED' OR metrics.auc > 0"},
                "best_run raised MlflowException: Invalid clause(s) in filter string: 'OR'",
            ),
        ],
    )
    def test_wrong_searches_get_a_reason(self, lab, arguments, message):
        assert message in check_best_run(lab, searching(**arguments))[0]

    def test_nan_fools_max(self, lab):
        def best_run(client, experiment_id):
            found = client.search_runs(
                [experiment_id], "status = 'FINISHED' AND metrics.log_loss > 0"
            )
            scored = [run for run in found if "auc" in run.data.metrics]
            return max(scored, key=lambda run: run.data.metrics["auc"])

        assert "'not a number'. Its auc is NaN" in check_best_run(lab, best_run)[0]

    def test_another_experiment(self, lab):
        def best_run(client, experiment_id):
            return client.search_runs(["7", "8"], USABLE, order_by=ORDER)[0]

        assert "belongs to another experiment" in check_best_run(lab, best_run)[0]

    def test_an_experiment_without_a_usable_run(self, lab):
        def best_run(client, experiment_id):
            return client.search_runs([experiment_id], USABLE, order_by=ORDER)[0]

        (mistake,) = check_best_run(lab, best_run)
        assert "with no run to choose from: best_run raised IndexError" in mistake
        assert "Return None there" in mistake

    def test_only_the_first_page(self, lab):
        def best_run(client, experiment_id):
            found = client.search_runs([experiment_id], USABLE)
            return min(
                found,
                key=lambda run: (-run.data.metrics["auc"], run.data.metrics["log_loss"]),
                default=None,
            )

        (mistake,) = check_best_run(lab, best_run)
        assert "an experiment of 1,201 runs, whose best is the oldest" in mistake

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (3, "should be a function, not int"),
            (lambda client, experiment_id: client.search_runs([experiment_id], USABLE), "a list"),
            (lambda client, experiment_id: "run-0000", "a Run or None, not str"),
            (lambda client, experiment_id: client.list_runs(), "It has: search_runs, get_run."),
            (lambda client: None, "raised TypeError"),
        ],
    )
    def test_answers_of_another_type(self, lab, answer, message):
        assert message in check_best_run(lab, answer)[0]


class TestBestStep:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "11.2", defined(exercises.EXERCISES["11.2"].solution, "best_step"))
        assert "11.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def best_step(client, run_id): ...

        assert not check(lab, "11.2", best_step)
        assert "returned None" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("choose", "message"),
        [
            (lambda curve: min(curve, key=lambda point: point.value).step, "step 40 is NaN"),
            (lambda curve: curve[-1].step, "Step 60 is the last one"),
            (lambda curve: 0, "Or is it the position in the list?"),
            (lambda curve: 3, "not lowest at step 3. Look at each point's step"),
            (lambda curve: 10, "not lowest at step 10"),
            (lambda curve: numbers(curve)[0].step, "later. The earlier one is wanted"),
            (lambda curve: numbers(curve)[0].value, "That is the lowest value"),
            (lambda curve: numbers(curve)[0], "returned the whole Metric"),
            (lambda curve: "20", "a whole number, not str"),
            (lambda curve: {}["log_loss"], "raised KeyError"),
        ],
    )
    def test_wrong_steps(self, lab, choose, message):
        def best_step(client, run_id):
            return choose(client.get_metric_history(run_id, "log_loss"))

        assert message in check_best_step(lab, best_step)[0]

    def test_another_metric_and_another_run(self, lab):
        def by_auc(client, run_id):
            return max(client.get_metric_history(run_id, "auc"), key=lambda point: point.value).step

        def another_run(client, run_id):
            return client.get_metric_history("run", "log_loss")

        assert "Step 60 is the last one" in check_best_step(lab, by_auc)[0]
        assert "Run with id=run not found" in check_best_step(lab, another_run)[0]
        assert "not str" in check_best_step(lab, "20")[0]


def numbers(curve):
    """Return the points that are numbers, the lowest first, otherwise in the order of the history."""
    return sorted((p for p in curve if not math.isnan(p.value)), key=lambda p: p.value)


@pytest.mark.parametrize("rehearsal", [exercises.Rehearsal, exercises.Curve])
def test_the_rehearsals_have_the_calls_of_the_real_client(rehearsal):
    """The calls have the same names, arguments and defaults, so that an accepted answer works on a store."""
    for name, call in inspect.getmembers(rehearsal, inspect.isfunction):
        if not name.startswith("_"):
            real = list(inspect.signature(getattr(MlflowClient, name)).parameters.values())
            rehearsed = list(inspect.signature(call).parameters.values())
            assert [(p.name, p.default) for p in rehearsed] == [
                (p.name, p.default) for p in real[: len(rehearsed)]
            ], name


def test_the_rehearsal_searches_as_a_store_does(tmp_path, monkeypatch):
    """With the same runs in SQL, each search of the lesson returns the same names in the same order."""
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(tmp_path))
    store = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    planted = [
        plan
        for plan in [exercises.WINNER, *exercises.LOSERS, *exercises.UNUSABLE]
        if plan.experiment == HERE
    ]
    experiment = store.create_experiment("rehearsed")
    for number, plan in enumerate(planted):
        run = store.create_run(experiment, start_time=1_000 + number, run_name=plan.name)
        for key, value in plan.metrics.items():
            store.log_metric(run.info.run_id, key, value)
        if plan.status != "RUNNING":
            store.set_terminated(run.info.run_id, plan.status)
        if plan.stage == "deleted":
            store.delete_run(run.info.run_id)
    rehearsal = exercises.Rehearsal(planted)
    searches: list[dict[str, Any]] = [
        {},
        {"order_by": ["metrics.auc DESC"]},
        {"order_by": ["metrics.auc"]},
        {"order_by": ["metrics.log_loss ASC"], "run_view_type": ViewType.ALL},
        {"filter_string": USABLE, "order_by": ORDER},
        {"filter_string": "run_name LIKE '%calibrated'", "run_view_type": ViewType.DELETED_ONLY},
        {"filter_string": "metrics.auc > 0.8", "max_results": 2},
    ]
    for search in searches:
        names = [run.info.run_name for run in rehearsal.search_runs([HERE], **search)]
        real = [run.info.run_name for run in store.search_runs([experiment], **search)]
        assert names == real, search
