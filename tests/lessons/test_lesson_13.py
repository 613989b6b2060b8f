"""Lesson 13: its exercises; the lesson, its screenshots and the list of pages agree."""

from __future__ import annotations

import inspect
import re
import struct
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag

from lakelab.lab import Lab
from lakelab.lessons.lesson_13 import exercises
from lakelab.lessons.lesson_13.exercises import check_behind, check_found
from lakelab.lessons.lesson_13.pages import FORMS, Item, pages
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
MAX_BYTES = 150_000


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "lakelab"))


# ---- one list for the lesson, the pictures and the browser ------------------------------------------
@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOKS / "13_mlflow_ui.ipynb", as_version=4)


@pytest.fixture(scope="module")
def code(notebook):
    """Return all code of the lesson without line breaks."""
    return squeezed("\n".join(c.source for c in notebook.cells if c.cell_type == "code"))


def squeezed(source: str) -> str:
    return re.sub(r",(?=[)\]}])", "", re.sub(r"\s+", "", source))


def words_about(notebook, page) -> str:
    """Return the only cell with the screenshot of a page."""
    (cell,) = [c for c in notebook.cells if f"](images/{page.picture})" in c.source]
    return cell.source


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.page)
class TestPage:
    def test_the_lessons_table_has_the_rows_of_the_list(self, notebook, page):
        rows = re.findall(r"^\| (\d+) \| (.+) \| `(.+)` \|$", words_about(notebook, page), re.M)
        assert rows == [
            (str(number), item.see, item.call) for number, item in enumerate(page.items, start=1)
        ]

    def test_the_lesson_makes_each_call_and_prints_the_link(self, code, page):
        assert f"lab.ui({squeezed(page.route)})" in code
        for item in page.items:
            assert squeezed(item.call) in code, item.see

    def test_the_screenshot_exists_and_is_small(self, page):
        picture = (NOTEBOOKS / "images" / page.picture).read_bytes()
        assert len(picture) <= MAX_BYTES
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        size = struct.unpack(">II", picture[16:24])
        assert size[1] == (page.crop or page.height)

    def test_the_screenshot_has_an_alternative_text(self, notebook, page):
        (alt,) = re.findall(r"!\[(.*)\]\(images/", words_about(notebook, page))
        assert len(alt.split()) >= 4


def test_each_screenshot_belongs_to_a_page():
    there = {path.name for path in (NOTEBOOKS / "images").glob("lesson_13_*")}
    assert there == {page.picture for page in pages()}


def test_pages_and_forms_are_each_used_and_known():
    assert len({page.page for page in pages()}) == len(pages())
    assert {item.how for page in pages() for item in page.items} == set(FORMS)


@pytest.mark.parametrize(
    ("how", "value", "written"),
    [
        ("text", 7, ["7"]),
        ("word", "FINISHED", ["Finished"]),
        ("file", "/home/me/train.py", ["train.py"]),
        ("file", r"C:\me\train.py", ["train.py"]),
        ("time", 0, ["1/1/1970, 12:00:00 AM"]),
        ("time", 1_767_368_106_999, ["1/2/2026, 03:35:06 PM"]),
        ("duration", 499, ["499ms"]),
        ("duration", 1_250, ["1.3s"]),
        ("duration", 1_150, ["1.1s"]),  # in binary a little less than 1.15
        ("duration", 60_000, ["1.0min"]),
        ("two_digits", 0.665, ["0.67"]),
        ("five_digits", 0.7302833, ["0.73028"]),
        ("each", ["a", 3], ["a", "3"]),
        ("each_fifth", list(range(12)), ["0", "5", "10"]),
        ("each_three_digits", [0.6952, 0.6876], ["0.695", "0.688"]),
        ("each_version", ["2", "1"], ["Version 2", "Version 1"]),
        ("row", ["9", "5"], ["9 5"]),
        ("pairs", {"team": "operations"}, ["team", "operations"]),
        ("colon_pairs", {"team": "operations"}, ["team: operations"]),
        ("aliases", {"Champion": "2"}, ["@ Champion"]),
        ("versions", '[{"name": "a.b.c", "version": "2"}]', ["a.b.c v2"]),
        ("last_line", "# Tour\nSchedule only.\n", ["Schedule only."]),
        ("first_charts", ["system/d", "system/a"], ["a", "d"]),
    ],
)
def test_values_are_formatted_as_in_the_ui(how, value, written):
    assert [text.pattern for text in Item("x", "x", how).expected(value)] == [
        re.escape(text) for text in written
    ]


def test_patterns_match_relative_times_and_keep_the_order():
    (ago,) = Item("Created", "", "ago").expected(0)
    assert ago.search("3 minutes ago")
    assert ago.search("1 hour ago")
    assert not ago.search("a while ago")
    (order,) = Item("Sort", "", "in_order").expected(["one", "two", "three"])
    assert order.search("one 36ms two 3s three")
    assert not order.search("two one three")


# ---- exercise 1 --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Create an experiment with the runs of the exercise in a temporary store."""
    folder = tmp_path_factory.mktemp("store")
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.create_experiment("study", artifact_location=str(folder))
    runs = {
        name: client.create_run(experiment, run_name=name).info.run_id
        for name in (exercises.VALIDATED, exercises.TOO_FAST, "leak", "test", "baseline")
    }
    data = [
        DatasetInput(
            Dataset(name, digest, "code", "{}"), [InputTag("mlflow.data.context", context)]
        )
        for name, digest, context in (
            ("flights_jan_jun", "aaaa1111", "training"),
            ("flights_jul_aug", "bbbb2222", "validation"),
        )
    ]
    client.log_inputs(runs[exercises.VALIDATED], data)
    for step, loss in enumerate([0.6, 0.55, 0.5, 0.58, 0.7]):
        client.log_metric(runs[exercises.TOO_FAST], "log_loss", loss, step=step)
    client.delete_run(runs["leak"])
    client.delete_run(runs["test"])
    return client, experiment


@pytest.fixture
def study(store, monkeypatch):
    """Point the checker at the experiment; return a client and the experiment, as in the lesson."""
    client, experiment = store
    monkeypatch.setattr("mlflow.MlflowClient", lambda: client)
    monkeypatch.setattr(exercises, "_study", lambda client: experiment)
    return client, [experiment]


RIGHT = (2, "bbbb2222", 2)


class TestFound:
    def test_the_solution_passes(self, study, capsys):
        from mlflow.entities import ViewType

        client, ids = study
        checked: list[tuple[Any, ...]] = []
        names = {
            "client": client,
            "IDS": ids,
            "ViewType": ViewType,
            "lab": type("L", (), {"check": lambda self, *answer: checked.append(answer)})(),
        }
        exec(exercises.EXERCISES["13.1"].solution, names)
        assert checked == [("13.1", *RIGHT)]
        assert check(None, "13.1", *RIGHT)
        assert "13.1: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, study, lab, capsys):
        assert not check(lab, "13.1", ..., ..., ...)
        assert "nothing to check yet" in capsys.readouterr().out
        assert not check(lab, "13.1", 2, ..., ...)
        output = capsys.readouterr().out
        assert "digest is missing" in output
        assert "step is missing" in output
        assert "deleted" not in output

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ((3, "bbbb2222", 2), "so many runs are active"),
            ((5, "bbbb2222", 2), "so many there are in all"),
            ((4, "bbbb2222", 2), "there are not 4"),
            (([1, 2], "bbbb2222", 2), "How long is the list?"),
            (("two", "bbbb2222", 2), "a whole number, not str"),
            ((..., "bbbb2222", 2), "deleted is missing"),
            ((2, "aaaa1111", 2), "the data it was trained on"),
            ((2, "flights_jul_aug", 2), "that is the dataset's name"),
            ((2, "cccc", 2), "no dataset of 'final, calibration sigmoid' has 'cccc'"),
            ((2, None, 2), "has 'None'"),
            ((2, "bbbb2222", 4), "that is the last one"),
            ((2, "bbbb2222", 0.5), "that is the smallest loss"),
            ((2, "bbbb2222", 1), "at step 1 the loss was 0.5500"),
            ((2, "bbbb2222", 9), "the steps 0 to 4"),
            ((2, "bbbb2222", 1.5), "the steps 0 to 4"),
            ((2, "bbbb2222", float("nan")), "the steps 0 to 4"),
            ((2, "bbbb2222", "2"), "a whole number, not str"),
        ],
    )
    def test_wrong_answers(self, study, lab, answer, message):
        (mistake,) = check_found(lab, *answer)
        assert message in mistake

    def test_a_whole_metric(self, study, lab):
        client, ids = study
        (run,) = client.search_runs(ids, f"run_name = '{exercises.TOO_FAST}'")
        point = client.get_metric_history(run.info.run_id, "log_loss")[2]
        assert "the whole Metric" in check_found(lab, 2, "bbbb2222", point)[0]

    def test_a_digest_as_the_page_writes_it(self, study, lab):
        assert check_found(lab, 2, "(bbbb2222)", 2) == []
        assert check_found(lab, 2, "#bbbb2222", 2.0) == []

    @pytest.mark.parametrize("found", [None, "999999"])
    def test_a_missing_study_is_reported(self, study, lab, monkeypatch, found):
        monkeypatch.setattr(exercises, "_study", lambda client: found)
        assert check_found(lab, 2, "bbbb2222", 2) == [
            "The study is not whole. Run the notebook's first cell, %run ./_lab, again."
        ]

    def test_numbers_out_of_pandas(self, study, lab):
        assert check_found(lab, np.int64(2), "bbbb2222", np.int64(2)) == []


# ---- exercise 2 --------------------------------------------------------------------------------------
def seconds(info):
    return None if info.end_time is None else (info.end_time - info.start_time) / 1000


class TestBehind:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "13.2", defined(exercises.EXERCISES["13.2"].solution, "behind"))
        assert "13.2: right" in capsys.readouterr().out

    def test_splitting_passes_too(self, lab):
        def behind(client, link):
            info = client.get_run(link.split("/runs/")[1].split("?")[0].split("/")[0]).info
            return [info.run_name, info.status, seconds(info)]

        assert check_behind(lab, behind) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def behind(client, link): ...

        assert not check(lab, "13.2", behind)
        assert "It returned None" in capsys.readouterr().out
        assert not check(lab, "13.2", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_the_end_of_the_link_is_no_id(self, lab):
        def behind(client, link):
            info = client.get_run(link.rpartition("/")[2]).info
            return info.run_name, info.status, seconds(info)

        first, second = check_behind(lab, behind)
        assert "Run with id=model-metrics not found" in first
        assert "?o=4711 not found" in second

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (lambda info: (info.run_id, info.status, seconds(info)), "should be 'night training'"),
            (lambda info: (info.run_name, "FINISHED", seconds(info)), "should be 'FAILED'"),
            (
                lambda info: (info.run_name, info.status, info.end_time - info.start_time),
                "seconds is 93500: these are milliseconds",
            ),
            (
                lambda info: (
                    info.run_name,
                    info.status,
                    (info.end_time - info.start_time) / 1000,
                ),
                "It raised TypeError",
            ),
            (
                lambda info: (info.run_name, info.status, seconds(info) or 0),
                "seconds is 0. The run has not ended yet: return None",
            ),
            (lambda info: info, "Return three things"),
        ],
    )
    def test_wrong_answers(self, lab, answer, message):
        def behind(client, link):
            return answer(client.get_run(re.search(r"[0-9a-f]{32}", link)[0]).info)

        assert message in check_behind(lab, behind)[0]

    def test_other_calls_and_other_kinds(self, lab):
        mistakes = check_behind(lab, lambda client, link: client.search_runs(["3"]))[0]
        assert "get_run only, not search_runs" in mistakes
        assert "a function, not str" in check_behind(lab, "night training")[0]

    def test_the_rehearsal_has_the_call_of_the_real_client(self):
        real = inspect.signature(MlflowClient.get_run).parameters
        assert list(inspect.signature(exercises.Rehearsal.get_run).parameters) == list(real)
