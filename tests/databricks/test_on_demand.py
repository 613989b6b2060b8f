"""Feature functions and feature specs: the official client and the local one have the same results."""

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


def official_results(folder: Path) -> dict[str, Any]:
    """Return the results of the newest official client, in a process of its own, on the double of a workspace."""
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
    results: dict[str, Any] = json.loads((folder / "out" / "results.json").read_text("utf-8"))
    return results


def local_results(spark: LocalSparkSession, experiment: str) -> dict[str, Any]:
    """Return the results of the local client, in this process."""
    spec = importlib.util.spec_from_file_location("on_demand", DOUBLE / "on_demand.py")
    assert spec is not None
    assert spec.loader is not None
    on_demand = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(on_demand)
    client = feature_engineering.FeatureEngineeringClient()

    def make_spec(name: str, features: list[Any], excluded: list[str]) -> None:
        client.create_feature_spec(name=name, features=features, exclude_columns=excluded)

    try:
        results: dict[str, Any] = on_demand.results(
            spark, feature_engineering, make_spec, experiment
        )
        return results
    finally:
        spark.sql("USE main.default")
        spark.sql(f"DROP SCHEMA IF EXISTS {on_demand.SCHEMA} CASCADE")


@pytest.mark.skipif(
    "CI" in os.environ, reason="CI's time is measured, and this takes half a minute"
)
def test_functions_and_specs_have_the_results_of_the_official_client(
    spark: LocalSparkSession, experiment: str, tmp_path: Path
) -> None:
    official = official_results(tmp_path)
    assert Path(official.pop("client")).is_relative_to(CLIENTS)
    local = local_results(spark, experiment)
    assert set(local) == set(official)
    for case, result in local.items():
        if isinstance(result, list):  # the types of an error; the official one may be a subclass
            assert set(result) <= set(official[case]), case
        else:
            assert result == official[case], case
    errors = [case for case, result in official.items() if isinstance(result, list)]
    assert len(errors) == 12
