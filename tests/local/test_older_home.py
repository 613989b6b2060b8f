"""State folders of the first version open: what they hold is there, governed and writable.

``home_of_version_0_1.zip`` was made by version 0.1, when all of ``lakelab.local`` was one folder of modules:
a schema with a comment, a feature table with key, comments, tags, a property and a CHECK constraint, a
clustered table, a function, grants, and a table of ``hive_metastore``.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home

spark = start_spark(Home(Path(sys.argv[1])).prepare())
spark.sql("USE main.flights")
fe, found = FeatureEngineeringClient(), {}

def rows(statement, session=spark):
    return [[str(value) for value in row] for row in session.sql(statement).collect()]

def refusal(statement, session=spark):
    try:
        session.sql(statement).collect()
    except Exception as error:
        return str(error)

found["rows"] = rows("SELECT origin, temp FROM weather ORDER BY origin")
found["before"] = rows("SELECT temp FROM weather VERSION AS OF 1 ORDER BY origin")
table = fe.get_table(name="main.flights.weather")
found["feature table"] = [table.primary_keys, table.timestamp_keys, table.description]
found["tags"] = rows("SELECT tag_name, tag_value FROM information_schema.table_tags")
found["column tags"] = rows("SELECT column_name, tag_name FROM information_schema.column_tags")
found["properties"] = dict(rows("SHOW TBLPROPERTIES weather")).get("team")
found["check"] = refusal("UPDATE weather SET temp = 99")
found["function"] = rows("SELECT celsius(212)")
found["hive_metastore"] = rows("SELECT * FROM hive_metastore.default.old")
found["clustering"] = rows("DESCRIBE DETAIL planes")
ben = spark.workspace_session("a", "ben@example.com")
found["ben reads"] = rows("SELECT count(*) FROM main.flights.weather", ben)
found["ben changes"] = refusal("DELETE FROM main.flights.weather", ben)
spark.sql("INSERT INTO weather VALUES ('EWR', TIMESTAMP '2013-01-01 06:00:00', 1.0)")
old, renamed = "hive_metastore.default.old", "main.flights.renamed"
spark.sql(f"DELETE FROM {old} WHERE x = 1")
spark.sql(f"DROP TABLE {old}")
spark.sql(f"CREATE TABLE {old} AS SELECT * FROM VALUES (1, 1.5D), (2, 2.5D) AS v(x, y)")
spark.sql(f"DELETE FROM {old} WHERE x = 1")
found["created again"] = rows(f"SELECT * FROM {old}")
spark.sql("ALTER TABLE planes RENAME TO renamed")
spark.sql(f"CREATE TABLE planes AS SELECT 2.5D AS seats")
spark.sql(f"CREATE OR REPLACE TABLE {renamed} AS SELECT 1.5D AS b")
found["renamed"] = [rows(f"SELECT * FROM {renamed}"), rows("SELECT * FROM planes")]
found["history"] = [row["operation"] for row in spark.sql("DESCRIBE HISTORY weather").collect()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a session finds in the older home."""
    root = tmp_path_factory.mktemp("older") / "home"
    with zipfile.ZipFile(Path(__file__).parent / "home_of_version_0_1.zip") as archive:
        archive.extractall(root)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root)], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def test_rows_and_older_versions(found):
    assert found["rows"] == [["JFK", "4.0"], ["LGA", "None"]]
    assert found["before"] == [["3.5"], ["None"]]


def test_a_feature_table_with_key_comment_tags_and_properties(found):
    assert found["feature table"] == [["origin", "ts"], ["ts"], "Hourly weather"]
    assert found["tags"] == [["layer", "gold"]]
    assert found["column tags"] == [["temp", "unit"]]
    assert found["properties"] == "flights"


def test_a_check_constraint_holds(found):
    assert "CHECK constraint plausible" in found["check"]


def test_a_function_answers(found):
    assert found["function"] == [["100.0"]]


def test_a_clustered_table_and_a_table_of_hive_metastore(found):
    assert "tailnum" in str(found["clustering"])
    assert found["hive_metastore"] == [["1"]]


def test_a_table_that_is_dropped_and_created_again(found):
    assert found["created again"] == [["2", "2.5"]]


def test_a_table_that_is_renamed_and_rewritten_and_a_new_one_under_its_name(found):
    assert found["renamed"] == [[["1.5"]], [["2.5"]]]


def test_grants_hold(found):
    assert found["ben reads"] == [["2"]]
    assert "permission" in found["ben changes"].lower()


def test_the_history_goes_on(found):
    assert found["history"][0] == "WRITE"
    assert found["history"][-1] == "CREATE TABLE"
    assert len(found["history"]) >= 7


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("lakelab.local.feature_engineering.packaged_model", "_load_pyfunc"),
        ("lakelab.automl.conversions", "to_numbers"),
        ("lakelab.automl.conversions", "to_categories"),
        ("lakelab.automl.conversions", "to_date_parts"),
        ("lakelab.automl.conversions", "to_text"),
        ("lakelab.automl.conversions", "LabelledClassifier"),
        ("lakelab.automl.forecasting", "ForecastModel"),
    ],
)
def test_what_saved_models_import_is_there(module, name):
    """MLflow finds a logged model's loader, and pickle the functions in it, by these names."""
    assert hasattr(importlib.import_module(module), name)
