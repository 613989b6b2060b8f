"""The job `curriculum`: lessons that would disturb each other run one after the other, and only those."""

from __future__ import annotations

import itertools
import re

import pytest

from lakelab.lessons import lessons
from lakelab.lessons.prepare import NEEDS

from . import shared_access as t
from .documents import ROOT, depends_on, read_bundle, upstream

FIVE = "five at a time"


def reasons() -> dict[tuple[str, str], str]:
    """Read what stands behind the dependencies: (before, after) -> the reason."""
    told: dict[tuple[str, str], str] = {}
    key = ""
    for line in (ROOT / "resources/curriculum.yml").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r" {8}- task_key: lesson_(\d\d)", line):
            key = found[1]
        elif line.startswith("        - task_key:"):
            key = ""  # no lesson
        elif key and (found := re.fullmatch(r" {12}- task_key: lesson_(\d\d)(?: # (.+))?", line)):
            told[found[1], key] = found[2] or ""
    return told


def conflicts() -> dict[tuple[str, str], set[str]]:
    """Say which lessons would disturb each other, in the order in which they have to run, and how."""
    found = {}
    for before, after in itertools.combinations(t.order(list(t.touched())), 2):
        if things := t.touched()[before].conflicts(t.touched()[after]):
            found[before, after] = {thing.removeprefix(f"{t.HERE}.") for thing in things}
    return found


def before(edges: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Say for each lesson which have ended before it begins, with these dependencies."""
    tasks = [
        {
            "task_key": lesson.number,
            "depends_on": [{"task_key": one} for one, other in edges if other == lesson.number],
        }
        for lesson in lessons()
    ]
    return upstream({"tasks": tasks})


def most_at_once(edges: set[tuple[str, str]]) -> int:
    """Count how many lessons may run at the same time: as many as chains are needed to hold all.

    A greatest set of tasks of which none waits for another is as large as a smallest set of chains
    (Dilworth), and that is what is left when as many tasks as possible have a successor of their own.
    """
    ended = before(edges)
    successor_of: dict[str, str] = {}

    def give_successor(one: str, tried: set[str]) -> bool:
        for other in (key for key in ended if one in ended[key] and key not in tried):
            tried.add(other)
            if other not in successor_of or give_successor(successor_of[other], tried):
                successor_of[other] = one
                return True
        return False

    return len(ended) - sum(give_successor(one, set()) for one in ended)


def test_lessons_that_would_disturb_each_other_run_as_they_are_numbered():
    ended = before(set(reasons()))
    assert [pair for pair in conflicts() if pair[0] not in ended[pair[1]]] == []


def test_the_file_tells_why_each_lesson_waits():
    told = {pair: set(reason.split(", ")) for pair, reason in reasons().items() if reason != FIVE}
    assert told == {pair: things for pair, things in conflicts().items() if pair in told}


def test_no_lesson_waits_without_need():
    """An edge that others imply already says nothing."""
    edges = set(reasons())
    for edge in edges:
        assert edge[0] not in before(edges - {edge})[edge[1]], edge


def test_free_edition_can_run_what_runs_at_once():
    edges = set(reasons())
    lanes = {edge for edge, reason in reasons().items() if reason == FIVE}
    assert most_at_once(edges) == 5
    for lane in lanes:
        assert lane not in conflicts()
        assert most_at_once(edges - {lane}) > 5, lane


def test_what_runs_at_once_is_counted():
    in_a_row = set(itertools.pairwise(lesson.number for lesson in lessons()))
    assert most_at_once(in_a_row) == 1
    assert most_at_once(set()) == len(lessons())
    assert most_at_once(in_a_row - {("09", "10")}) == 2


def test_each_lesson_begins_when_what_it_needs_is_prepared_whatever_others_do():
    prepare, *of_lessons, all_lessons = read_bundle().jobs["curriculum"]["tasks"]
    assert depends_on(prepare) == []
    for task in of_lessons:
        assert depends_on(task)[0] == "prepare"
        # where `prepare` fails, the lessons that wait for nothing else do not run, nor those behind them
        alone = depends_on(task) == ["prepare"]
        assert task.get("run_if", "ALL_SUCCESS") == (
            "ALL_SUCCESS" if alone else "AT_LEAST_ONE_SUCCESS"
        )
    assert depends_on(all_lessons) == [task["task_key"] for task in of_lessons]
    condition = all_lessons["condition_task"]
    assert (condition["op"], condition["left"]) == ("EQUAL_TO", condition["right"])


def test_the_parameters_are_the_widgets_that_the_lab_reads():
    code = (ROOT / "src/lakelab/lab.py").read_text(encoding="utf-8")
    read = set(re.findall(r'read_setting\("(\w+)", dbutils\)', code))
    parameters = {
        one["name"]: one["default"] for one in read_bundle().jobs["curriculum"]["parameters"]
    }
    assert parameters == {
        "catalog": "${var.catalog}",
        "schema": "${var.lessons_schema}",
        "workspace_b": "",
    }
    assert read == set(parameters)


# ---- what lessons touch ------------------------------------------------------------------------------
def test_all_that_the_lab_prepares_is_known():
    assert set(t.PREPARED) == set(NEEDS)


@pytest.mark.parametrize(
    ("number", "writes"),
    {
        "01": {"<environment>.flight_labels", "<environment>.airport_weather"},
        "06": {"airport_weather", "airport_congestion", "planes"},
        "07": {"airport_congestion"},
        "08": {"flight_delay"},
        "10": {"airport_weather", "planes", "flight_delay"},
        "18": {"flight_delay"},
    }.items(),
)
def test_who_writes_what_lessons_share(number, writes):
    """Those that were looked up by hand; what their own checks say stands in the notebooks."""
    told = {thing.removeprefix(f"{t.HERE}.") for thing in t.touched()[number].writes}
    assert told - {t.NEWEST_RUN, t.MODELS, t.GRANTS} == writes


@pytest.mark.parametrize(
    ("cell", "thing"),
    [
        ("fe.write_table(name=f'{CATALOG}.{SCHEMA}.planes', df=rows)", f"{t.HERE}.planes"),
        ("T = f'{CATALOG}.{SCHEMA}.planes'\nrows.write.saveAsTable(T)", f"{t.HERE}.planes"),
        (
            "def empty(table):\n    spark.sql(f'TRUNCATE TABLE {table}')\n"
            "empty(f'{CATALOG}.{SCHEMA}.planes')",
            f"{t.HERE}.planes",
        ),
        (
            "spark.sql(f'COMMENT ON COLUMN {CATALOG}.{SCHEMA}.planes.seats IS 1')",
            f"{t.HERE}.planes",
        ),
        (
            "for t in ('planes', 'raw_planes'):\n    spark.sql(f'DROP TABLE {CATALOG}.{SCHEMA}.{t}')",
            f"{t.HERE}.raw_planes",
        ),
        (
            "environments = lab.environments()\n"
            "spark.sql(f\"DELETE FROM {environments['prod']}.flight_labels\")",
            "<environment>.flight_labels",
        ),
        ("spark.sql(f'DROP TABLE {which()}')", f"{t.HERE}.planes"),  # it may be any
        (
            "client.set_registered_model_alias(f'{CATALOG}.{SCHEMA}.flight_delay', 'Mine', 1)",
            t.MODEL,
        ),
        ("mlflow.register_model(uri, name=f'{CATALOG}.{SCHEMA}.flight_delay')", t.MODEL),
        ("w.grants.update('SCHEMA', name, changes=[])", t.GRANTS),
        ("client.delete_registered_model(f'{CATALOG}.{SCHEMA}.mine')", t.MODELS),
        ("with mlflow.start_run():\n    pass", t.NEWEST_RUN),
    ],
)
def test_what_a_cell_writes_is_found(cell, thing):
    assert thing in t.touched_by([], cell).writes


@pytest.mark.parametrize(
    "cell",
    [
        "spark.sql(f'SELECT * FROM {CATALOG}.{SCHEMA}.planes')",
        "fe.create_table(name=f'{CATALOG}.{SCHEMA}.planes_too', df=rows)",
        "for t in ('planes', 'x'):\n    spark.sql(f'DROP TABLE {CATALOG}.{SCHEMA}.{t}_timed')",
        "w.grants.update('FUNCTION', name, changes=[])",
        "client.set_registered_model_alias(f'{CATALOG}.{SCHEMA}.lesson_17_delay', 'Champion', 1)",
    ],
)
def test_what_a_cell_leaves_alone_is_not_found(cell):
    assert t.touched_by([], cell).writes == set()


def test_only_who_looks_at_the_whole_is_disturbed_by_what_is_added():
    logs, looks = t.Touched(writes={t.NEWEST_RUN}), t.Touched(reads={t.NEWEST_RUN})
    assert logs.conflicts(logs) == set()
    assert logs.conflicts(looks) == looks.conflicts(logs) == {t.NEWEST_RUN}
