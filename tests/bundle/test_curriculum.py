"""The job `curriculum`: lessons with conflicts run one after the other, and no others do."""

from __future__ import annotations

import itertools
import re

import pytest

from lakelab.lessons import lessons
from lakelab.lessons.prepare import NEEDS

from . import shared_access
from .documents import ROOT, depends_on, read_bundle, upstream
from .shared_access import GRANTS, HERE, MODEL, MODELS, NEWEST_RUN, SharedAccess

FIVE = "five at a time"


def reasons() -> dict[tuple[str, str], str]:
    """Read the comments of the dependencies: (before, after) -> the reason."""
    found: dict[tuple[str, str], str] = {}
    key = ""
    for line in (ROOT / "resources/curriculum.yml").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r" {8}- task_key: lesson_(\d\d)", line):
            key = match[1]
        elif line.startswith("        - task_key:"):
            key = ""  # a task that is not a lesson
        elif key and (match := re.fullmatch(r" {12}- task_key: lesson_(\d\d)(?: # (.+))?", line)):
            found[match[1], key] = match[2] or ""
    return found


def conflicts() -> dict[tuple[str, str], set[str]]:
    """Return the shared objects of each pair of lessons with a conflict: (before, after) -> objects."""
    found = {}
    access = shared_access.access_by_lesson()
    for first, second in itertools.combinations(shared_access.execution_order(list(access)), 2):
        if shared := access[first].conflicts(access[second]):
            found[first, second] = {name.removeprefix(f"{HERE}.") for name in shared}
    return found


def lessons_before(edges: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Return for each lesson the lessons that have ended before it starts, with these dependencies."""
    tasks = [
        {
            "task_key": lesson.number,
            "depends_on": [{"task_key": one} for one, other in edges if other == lesson.number],
        }
        for lesson in lessons()
    ]
    return upstream({"tasks": tasks})


def most_at_once(edges: set[tuple[str, str]]) -> int:
    """Return how many lessons may run at the same time, with these dependencies.

    By Dilworth's theorem, the largest set of tasks without dependencies among them is as large as the
    smallest number of chains that hold all tasks. A maximum matching of tasks with successors yields it.
    """
    ended = lessons_before(edges)
    successor_of: dict[str, str] = {}

    def match_successor(one: str, tried: set[str]) -> bool:
        for other in (key for key in ended if one in ended[key] and key not in tried):
            tried.add(other)
            if other not in successor_of or match_successor(successor_of[other], tried):
                successor_of[other] = one
                return True
        return False

    return len(ended) - sum(match_successor(one, set()) for one in ended)


def test_lessons_with_conflicts_run_in_the_order_of_their_numbers():
    ended = lessons_before(set(reasons()))
    assert [pair for pair in conflicts() if pair[0] not in ended[pair[1]]] == []


def test_the_file_has_the_reason_of_each_dependency():
    written = {
        pair: set(reason.split(", ")) for pair, reason in reasons().items() if reason != FIVE
    }
    assert written == {pair: shared for pair, shared in conflicts().items() if pair in written}


def test_no_dependency_is_redundant():
    """Other dependencies must not imply it already."""
    edges = set(reasons())
    for edge in edges:
        assert edge[0] not in lessons_before(edges - {edge})[edge[1]], edge


def test_at_most_five_lessons_run_at_once_as_free_edition_allows():
    edges = set(reasons())
    lanes = {edge for edge, reason in reasons().items() if reason == FIVE}
    assert most_at_once(edges) == 5
    for lane in lanes:
        assert lane not in conflicts()
        assert most_at_once(edges - {lane}) > 5, lane


def test_most_at_once_counts_the_lessons_that_may_run_at_the_same_time():
    in_a_row = set(itertools.pairwise(lesson.number for lesson in lessons()))
    assert most_at_once(in_a_row) == 1
    assert most_at_once(set()) == len(lessons())
    assert most_at_once(in_a_row - {("09", "10")}) == 2


def test_each_lesson_starts_after_prepare_even_if_other_lessons_fail():
    prepare, *of_lessons, all_lessons = read_bundle().jobs["curriculum"]["tasks"]
    assert depends_on(prepare) == []
    for task in of_lessons:
        assert depends_on(task)[0] == "prepare"
        # if `prepare` fails, the lessons that depend on it alone do not run, nor do their successors
        only_prepare = depends_on(task) == ["prepare"]
        expected = "ALL_SUCCESS" if only_prepare else "AT_LEAST_ONE_SUCCESS"
        assert task.get("run_if", "ALL_SUCCESS") == expected
    assert depends_on(all_lessons) == [task["task_key"] for task in of_lessons]
    condition = all_lessons["condition_task"]
    assert (condition["op"], condition["left"]) == ("EQUAL_TO", condition["right"])


def test_the_parameters_are_the_widgets_that_the_lab_reads():
    code = (ROOT / "src/lakelab/platforms/databricks.py").read_text(encoding="utf-8")
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


# ---- shared access of lessons ------------------------------------------------------------------------
def test_shared_access_knows_each_need_of_a_lesson():
    assert set(shared_access.PREPARED) == set(NEEDS)


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
def test_the_shared_tables_and_models_that_a_lesson_writes(number, writes):
    """The expected values were read from the notebooks."""
    found = shared_access.access_by_lesson()[number].writes
    names = {name.removeprefix(f"{HERE}.") for name in found}
    assert names - {NEWEST_RUN, MODELS, GRANTS} == writes


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("fe.write_table(name=f'{CATALOG}.{SCHEMA}.planes', df=rows)", f"{HERE}.planes"),
        ("T = f'{CATALOG}.{SCHEMA}.planes'\nrows.write.saveAsTable(T)", f"{HERE}.planes"),
        (
            "def empty(table):\n    spark.sql(f'TRUNCATE TABLE {table}')\n"
            "empty(f'{CATALOG}.{SCHEMA}.planes')",
            f"{HERE}.planes",
        ),
        (
            "spark.sql(f'COMMENT ON COLUMN {CATALOG}.{SCHEMA}.planes.seats IS 1')",
            f"{HERE}.planes",
        ),
        (
            "for t in ('planes', 'raw_planes'):\n    spark.sql(f'DROP TABLE {CATALOG}.{SCHEMA}.{t}')",
            f"{HERE}.raw_planes",
        ),
        (
            "environments = lab.environments()\n"
            "spark.sql(f\"DELETE FROM {environments['prod']}.flight_labels\")",
            "<environment>.flight_labels",
        ),
        ("spark.sql(f'DROP TABLE {which()}')", f"{HERE}.planes"),  # the table may be any
        (
            "client.set_registered_model_alias(f'{CATALOG}.{SCHEMA}.flight_delay', 'Mine', 1)",
            MODEL,
        ),
        ("mlflow.register_model(uri, name=f'{CATALOG}.{SCHEMA}.flight_delay')", MODEL),
        ("w.grants.update('SCHEMA', name, changes=[])", GRANTS),
        ("client.delete_registered_model(f'{CATALOG}.{SCHEMA}.mine')", MODELS),
        ("with mlflow.start_run():\n    pass", NEWEST_RUN),
    ],
)
def test_access_of_finds_what_a_cell_writes(cell, written):
    assert written in shared_access.access_of([], cell).writes


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
def test_access_of_finds_no_writes_in_a_cell_without_them(cell):
    assert shared_access.access_of([], cell).writes == set()


def test_an_added_run_conflicts_only_with_a_reader_of_the_newest_run():
    logs, reads = SharedAccess(writes={NEWEST_RUN}), SharedAccess(reads={NEWEST_RUN})
    assert logs.conflicts(logs) == set()
    assert logs.conflicts(reads) == reads.conflicts(logs) == {NEWEST_RUN}
