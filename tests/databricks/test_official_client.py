"""Lessons 06-09 and 18 in Databricks mode, with the official clients, against what a laptop gives.

The lessons run as `lab` sees it on Databricks, on the double of a workspace (`double/`), once with the
clients of each runtime: feature engineering 0.12.1, 0.13.0.1 and the newest. Each DataFrame that a lesson
fetches, each table that it leaves and each error that it meets must be the one of local mode.

What the double cannot judge, as it is the server's: how a feature spec is made from lookups (the client's
own builder makes it, and here the request is compared), the order in which the server lists features
(taken as locally), online stores and serving (`static/` compares names and arguments of those calls).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
DOUBLE = ROOT / "tests" / "databricks" / "double"
OFFICIAL = ROOT / ".official"
LESSONS = ("06", "07", "08", "09", "18")
NOT_IN_CI = ("dbr-17.3-ml", "dbr-18-ml")
"""CI, whose time is measured, rehearses with the newest clients; `make test` with these, too."""
RUNTIMES = {
    "dbr-17.3-ml": ("17.3", "0.12.1"),
    "dbr-18-ml": ("18", "0.13.0.1"),
    "newest": ("19", None),
}
"""Folder of clients -> the runtime's version, and that of its feature engineering client."""

Rehearse = Callable[[str], Path]


@pytest.fixture(scope="module")
def rehearse(tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """Give the folder of what the lessons gave with the clients of a runtime, or on a laptop."""
    done: dict[str, Path] = {}

    def rehearsed(where: str) -> Path:
        if where not in done:
            folder = tmp_path_factory.mktemp(where)
            _run(where, folder)
            done[where] = folder / "out"
        return done[where]

    return rehearsed


def _run(where: str, folder: Path) -> None:
    if where in NOT_IN_CI and os.environ.get("CI"):
        pytest.skip(f"the rehearsal with the clients of {where} takes two minutes more")
    path = [str(DOUBLE)]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "LAKELAB_LESSON"},
        "LAKELAB_HOME": str(folder / "home"),
        "LAKELAB_SCHEMA": "lakelab_learner",  # the one that Databricks mode takes by itself
        "GOMP_SPINCOUNT": "10000",  # as on a laptop: threads on a busy machine wait without spinning
    }
    if where != "laptop":
        clients = OFFICIAL / where
        if not (clients / ".ready").is_file():
            say = pytest.fail if os.environ.get("CI") else pytest.skip
            say(f"the clients of {where} are not installed: `make test` does it")
        path.insert(0, str(clients))
        environment["DATABRICKS_RUNTIME_VERSION"] = RUNTIMES[where][0]
    ended = subprocess.run(
        [
            sys.executable,
            str(DOUBLE / "rehearse.py"),
            "laptop" if where == "laptop" else "databricks",
            str(folder / "out"),
            *LESSONS,
        ],
        env={**environment, "PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{where}: {ended.stdout[-4000:]}"


# ---- what is compared ------------------------------------------------------------------------------------
def differences(one: Path, other: Path) -> list[str]:
    """Say how what a lesson gave in two modes differs: calls, errors, DataFrames, tables."""
    calls, others = (
        json.loads((folder / "calls.json").read_text("utf-8")) for folder in (one, other)
    )
    found = []
    if _outline(calls) != _outline(others):
        found.append(f"calls and errors: {_outline(calls)} and {_outline(others)}")
    names = {file.name for folder in (one, other) for file in folder.glob("*.parquet")}
    for name in sorted(names):
        if not ((one / name).is_file() and (other / name).is_file()):
            found.append(f"{name} is there in one mode only")
        elif told := _unequal(pd.read_parquet(one / name), pd.read_parquet(other / name)):
            found.append(f"{name}: {told}")
    return found


def _outline(calls: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was called, on which tables, and with which kind of error; messages differ in their words."""
    return [(call["call"], call.get("tables"), call.get("error")) for call in calls]


def _unequal(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Compare two DataFrames value by value; the order of rows is nobody's promise."""
    try:
        pd.testing.assert_frame_equal(_ordered(one), _ordered(other), check_exact=True)
    except AssertionError as error:
        return str(error)
    return ""


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Order the rows by their contents, without what is different in each home: paths and times of creation."""
    if "col_name" in rows:  # DESCRIBE
        rows = rows[~rows["col_name"].isin(["Created Time", "Location"])]
    return rows.loc[rows.astype(str).sort_values(list(rows.columns)).index].reset_index(drop=True)


@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_lesson_gives_what_it_gives_on_a_laptop(rehearse: Rehearse, runtime: str, lesson: str):
    official, local = rehearse(runtime) / lesson, rehearse("laptop") / lesson
    for kept in ("table_*.parquet", "*_rows.parquet"):
        assert list(local.glob(kept)), "nothing was written down"
    assert differences(local, official) == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_was_the_official_client(rehearse: Rehearse, runtime: str):
    clients = json.loads((rehearse(runtime) / "clients.json").read_text("utf-8"))
    assert Path(clients["feature_engineering"]).is_relative_to(OFFICIAL / runtime)
    wanted = dict(
        line.split("==")
        for line in (DOUBLE.parent / "requirements" / f"{runtime}.txt").read_text("utf-8").split()
        if "==" in line
    )
    for package in ("mlflow", "databricks-sdk", "databricks-feature-engineering"):
        if package in wanted:
            assert clients[package] == wanted[package]
    assert RUNTIMES[runtime][1] in (None, clients["databricks-feature-engineering"])
    local = json.loads((rehearse("laptop") / "clients.json").read_text("utf-8"))
    assert Path(local["feature_engineering"]).is_relative_to(ROOT / "src" / "lakelab")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_server_is_asked_for_the_spec_that_the_lesson_means(rehearse: Rehearse, runtime: str):
    """The double answers with the client's own builder: here is what the server would have been told."""
    out = rehearse(runtime)
    asked = [
        json.loads(line) for line in (out / "spec_requests.jsonl").read_text("utf-8").splitlines()
    ]
    meant = [
        call["tables"]
        for lesson in LESSONS
        for call in json.loads((out / lesson / "calls.json").read_text("utf-8"))
        if call.get("tables") and "error" not in call
    ]
    tables = [[one["feature_lookup"]["table_name"] for one in told["features"]] for told in asked]
    # each lesson's set-up asks, too, where it makes the model of lesson 08
    assert [names for names in tables if names in meant] == tables
    assert all(names in tables for names in meant)
    first = next(told for told in asked if told.get("exclude_columns"))
    lookup = first["features"][0]["feature_lookup"]
    assert lookup["lookup_keys"] == ["origin"]
    assert lookup["timestamp_lookup_keys"] == ["prediction_ts"]
    assert "late" not in first["input_columns"]
    assert set(first["exclude_columns"]) <= set(first["input_columns"])


# ---- the comparison itself -------------------------------------------------------------------------------
@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of one lesson, with equal contents in another order."""
    rows = pd.DataFrame({"origin": ["EWR", "JFK"], "temp": [1.5, None]})
    for name, content in (("one", rows), ("other", rows.iloc[::-1])):
        (tmp_path / name).mkdir()
        content.to_parquet(tmp_path / name / "table_weather.parquet")
        (tmp_path / name / "calls.json").write_text(
            '[{"call": "write_table", "error": "ValueError"}]'
        )
    return tmp_path / "one", tmp_path / "other"


def test_another_order_of_rows_is_no_difference(two: tuple[Path, Path]):
    assert differences(*two) == []


@pytest.mark.parametrize(
    "changed",
    [
        pd.DataFrame({"origin": ["EWR", "JFK"], "temp": [1.5, 0.0]}),
        pd.DataFrame({"origin": ["EWR", "JFK"], "temp": [1.5 + 1e-12, None]}),
        pd.DataFrame({"origin": ["EWR"], "temp": [1.5]}),
        pd.DataFrame({"origin": ["EWR", "JFK", "JFK"], "temp": [1.5, None, None]}),
        pd.DataFrame({"temp": [1.5, None], "origin": ["EWR", "JFK"]}),
        pd.DataFrame({"origin": ["EWR", "JFK"], "temp": pd.array([1.5, None], dtype="float32")}),
    ],
    ids=["value", "last digit", "row lost", "row doubled", "order of columns", "type"],
)
def test_what_differs_is_found(two: tuple[Path, Path], changed: pd.DataFrame):
    changed.to_parquet(two[1] / "table_weather.parquet")
    assert "table_weather" in differences(*two)[0]


def test_a_missing_table_and_another_error_are_found(two: tuple[Path, Path]):
    (two[0] / "table_weather.parquet").unlink()
    (two[1] / "calls.json").write_text('[{"call": "write_table", "error": "TypeError"}]')
    assert len(differences(*two)) == 2
