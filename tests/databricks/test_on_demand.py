"""Feature functions and feature specs: the official client, on a laptop's functions, says what ours says."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lakelab.local import feature_engineering
from lakelab.local.spark.session import LocalSparkSession

ROOT = Path(__file__).parents[2]
DOUBLE = ROOT / "tests" / "databricks" / "double"
CLIENTS = ROOT / ".official" / "newest"


def official_answers(folder: Path) -> dict[str, Any]:
    """Ask the newest official client, in a process of its own, on a double of a workspace."""
    if not (CLIENTS / ".ready").is_file():
        pytest.skip("the newest clients are not installed: `make test` does it")
    ended = subprocess.run(
        [sys.executable, str(DOUBLE / "on_demand.py"), str(folder / "out")],
        env={
            **{name: value for name, value in os.environ.items() if name != "LAKELAB_LESSON"},
            "LAKELAB_HOME": str(folder / "home"),
            "DATABRICKS_RUNTIME_VERSION": "19",
            "PYTHONPATH": os.pathsep.join([str(CLIENTS), str(DOUBLE)]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
    told: dict[str, Any] = json.loads((folder / "out" / "told.json").read_text("utf-8"))
    return told


def laptop_answers(spark: LocalSparkSession, experiment: str) -> dict[str, Any]:
    found = importlib.util.spec_from_file_location("on_demand", DOUBLE / "on_demand.py")
    assert found is not None
    assert found.loader is not None
    questions = importlib.util.module_from_spec(found)
    found.loader.exec_module(questions)
    client = feature_engineering.FeatureEngineeringClient()

    def make_spec(name: str, features: list[Any], excluded: list[str]) -> None:
        client.create_feature_spec(name=name, features=features, exclude_columns=excluded)

    try:
        answers: dict[str, Any] = questions.answers(
            spark, feature_engineering, make_spec, experiment
        )
        return answers
    finally:
        spark.sql("USE main.default")
        spark.sql(f"DROP SCHEMA IF EXISTS {questions.SCHEMA} CASCADE")


@pytest.mark.skipif(
    "CI" in os.environ, reason="CI's time is measured, and this takes half a minute"
)
def test_functions_and_specs_are_what_the_official_client_makes_of_them(
    spark: LocalSparkSession, experiment: str, tmp_path: Path
) -> None:
    official = official_answers(tmp_path)
    assert Path(official.pop("client")).is_relative_to(CLIENTS)
    laptop = laptop_answers(spark, experiment)
    assert set(laptop) == set(official)
    for case, told in laptop.items():
        if isinstance(
            told, list
        ):  # an error: each of its kinds, or the official one is more special
            assert set(told) <= set(official[case]), case
        else:
            assert told == official[case], case
    refused = [case for case, told in official.items() if isinstance(told, list)]
    assert len(refused) == 12
