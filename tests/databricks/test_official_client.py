"""Compare lessons 06-09 and 18 in Databricks mode, with the official clients, with the same lessons locally.

The lessons run in Databricks mode on the double of a workspace (`double/`), once with the clients of each
runtime: feature engineering 0.12.1, 0.13.0.1 and the newest. Each DataFrame that a lesson fetches, each
table that it creates and each error that it raises must be the same as in local mode.

The double cannot test the work of the server: how it builds a feature spec from lookups (the client's own
builder does it, and the test compares the request), the order in which it lists features (the order is the
local one), online stores and serving (`static/` checks names and arguments of those calls).
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
"""CI, whose time is measured, runs the lessons with the newest clients only; `make test` with these, too."""
RUNTIMES = {
    "dbr-17.3-ml": ("17.3", "0.12.1"),
    "dbr-18-ml": ("18", "0.13.0.1"),
    "newest": ("19", None),
}
"""Folder of clients -> the runtime's version, and that of its feature engineering client."""

Rehearse = Callable[[str], Path]


@pytest.fixture(scope="module")
def rehearse(tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """Return the folder with the results of the lessons, with the clients of a runtime or locally."""
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
            fail_or_skip = pytest.fail if os.environ.get("CI") else pytest.skip
            fail_or_skip(f"the clients of {where} are not installed: `make test` does it")
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


# ---- the comparison of two modes -------------------------------------------------------------------------
def differences(one: Path, other: Path) -> list[str]:
    """Return the differences of a lesson's results in two modes: calls, errors, DataFrames, tables."""
    calls, others = (
        json.loads((folder / "calls.json").read_text("utf-8")) for folder in (one, other)
    )
    found = []
    if _outline(calls) != _outline(others):
        found.append(f"calls and errors: {_outline(calls)} and {_outline(others)}")
    names = {file.name for folder in (one, other) for file in folder.glob("*.parquet")}
    for name in sorted(names):
        if not ((one / name).is_file() and (other / name).is_file()):
            found.append(f"{name} exists in one mode only")
        elif difference := _difference(pd.read_parquet(one / name), pd.read_parquet(other / name)):
            found.append(f"{name}: {difference}")
    return found


def _outline(calls: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return method, tables and type of error of each call; the error messages may differ."""
    return [(call["call"], call.get("tables"), call.get("error")) for call in calls]


def _difference(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Return the difference of two DataFrames, empty for none; the order of rows is not guaranteed."""
    try:
        pd.testing.assert_frame_equal(_ordered(one), _ordered(other), check_exact=True)
    except AssertionError as error:
        return str(error)
    return ""


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows sorted by their contents, without the paths and times, which differ in each home."""
    if "col_name" in rows:  # DESCRIBE
        rows = rows[~rows["col_name"].isin(["Created Time", "Location"])]
    return rows.loc[rows.astype(str).sort_values(list(rows.columns)).index].reset_index(drop=True)


@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_lesson_has_the_same_results_as_locally(rehearse: Rehearse, runtime: str, lesson: str):
    official, local = rehearse(runtime) / lesson, rehearse("laptop") / lesson
    for pattern in ("table_*.parquet", "*_rows.parquet"):
        assert list(local.glob(pattern)), "nothing was recorded"
    assert differences(local, official) == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_rehearsal_runs_with_the_official_client(rehearse: Rehearse, runtime: str):
    clients = json.loads((rehearse(runtime) / "clients.json").read_text("utf-8"))
    assert Path(clients["feature_engineering"]).is_relative_to(OFFICIAL / runtime)
    pinned = dict(
        line.split("==")
        for line in (DOUBLE.parent / "requirements" / f"{runtime}.txt").read_text("utf-8").split()
        if "==" in line
    )
    for package in ("mlflow", "databricks-sdk", "databricks-feature-engineering"):
        if package in pinned:
            assert clients[package] == pinned[package]
    assert RUNTIMES[runtime][1] in (None, clients["databricks-feature-engineering"])
    local = json.loads((rehearse("laptop") / "clients.json").read_text("utf-8"))
    assert Path(local["feature_engineering"]).is_relative_to(ROOT / "src" / "lakelab")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_request_for_a_spec_has_the_lookups_of_the_lesson(rehearse: Rehearse, runtime: str):
    """The double answers with the client's own builder: this test checks the request to the server."""
    out = rehearse(runtime)
    requests = [
        json.loads(line) for line in (out / "spec_requests.jsonl").read_text("utf-8").splitlines()
    ]
    expected = [
        call["tables"]
        for lesson in LESSONS
        for call in json.loads((out / lesson / "calls.json").read_text("utf-8"))
        if call.get("tables") and "error" not in call
    ]
    tables = [
        [feature["feature_lookup"]["table_name"] for feature in request["features"]]
        for request in requests
    ]
    # the set-up of a lesson sends requests, too, if it trains the model of lesson 08
    assert [names for names in tables if names in expected] == tables
    assert all(names in tables for names in expected)
    first = next(request for request in requests if request.get("exclude_columns"))
    lookup = first["features"][0]["feature_lookup"]
    assert lookup["lookup_keys"] == ["origin"]
    assert lookup["timestamp_lookup_keys"] == ["prediction_ts"]
    assert "late" not in first["input_columns"]
    assert set(first["exclude_columns"]) <= set(first["input_columns"])


# ---- tests of the comparison -----------------------------------------------------------------------------
@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of one lesson, with the same rows in a different order."""
    rows = pd.DataFrame({"origin": ["EWR", "JFK"], "temp": [1.5, None]})
    for name, content in (("one", rows), ("other", rows.iloc[::-1])):
        (tmp_path / name).mkdir()
        content.to_parquet(tmp_path / name / "table_weather.parquet")
        (tmp_path / name / "calls.json").write_text(
            '[{"call": "write_table", "error": "ValueError"}]'
        )
    return tmp_path / "one", tmp_path / "other"


def test_a_different_order_of_rows_is_no_difference(two: tuple[Path, Path]):
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
def test_a_changed_table_is_a_difference(two: tuple[Path, Path], changed: pd.DataFrame):
    changed.to_parquet(two[1] / "table_weather.parquet")
    assert "table_weather" in differences(*two)[0]


def test_a_missing_table_and_another_error_are_differences(two: tuple[Path, Path]):
    (two[0] / "table_weather.parquet").unlink()
    (two[1] / "calls.json").write_text('[{"call": "write_table", "error": "TypeError"}]')
    assert len(differences(*two)) == 2
