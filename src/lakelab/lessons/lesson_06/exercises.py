"""Exercises of lesson 06: create a feature table with the client, and one with SQL."""

from __future__ import annotations

from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise


def check_carriers(lab: CheckContext, table: Any) -> list[str]:
    """Check the feature table `carriers` itself, not only the answer."""
    from databricks.feature_engineering import FeatureEngineeringClient

    name = f"{lab.catalog}.{lab.schema}.carriers"
    if not lab.spark.catalog.tableExists(name):
        return [f"There is no table {name} yet."]
    try:
        found = FeatureEngineeringClient().get_table(name=name)
    except ValueError:
        return [f"{name} exists, but it has no primary key."]
    wrong = []
    if list(found.primary_keys) != ["carrier"]:
        wrong.append(f"Its key is {found.primary_keys}; what names a row is the carrier alone.")
    if found.timestamp_keys:
        wrong.append(f"It has the time series column {found.timestamp_keys}, and needs none.")
    if not found.description:
        wrong.append("It has no description: one sentence for those who will find it.")
    if lab.spark.table(name).count() != 16:
        wrong.append(f"It has {lab.spark.table(name).count()} rows, expected 16: one a carrier.")
    if getattr(table, "name", None) != name:
        wrong.append("carriers_table should be what fe.create_table returned.")
    return wrong


def check_runway_wind(lab: CheckContext, statement: Any) -> list[str]:
    """Run the learner's statement, check the table, and drop it again."""
    from databricks.feature_engineering import FeatureEngineeringClient

    name = f"{lab.catalog}.{lab.schema}.runway_wind"
    if not isinstance(statement, str):
        return [f"statement should be a string with SQL in it, not {type(statement).__name__}."]
    lab.spark.sql(f"DROP TABLE IF EXISTS {name}")
    try:
        lab.spark.sql(statement)
        if not lab.spark.catalog.tableExists(name):
            return [f"The statement ran, but there is no table {name} afterwards."]
        columns = {field.name: field for field in lab.spark.table(name).schema.fields}
        found = FeatureEngineeringClient().get_table(name=name)
    except Exception as error:  # noqa: BLE001 - a learner's SQL may raise anything
        return [f"{type(error).__name__}: {error}"]
    finally:
        lab.spark.sql(f"DROP TABLE IF EXISTS {name}")
    wrong = []
    if set(columns) != {"origin", "runway", "ts", "crosswind"}:
        wrong.append(f"Its columns are {list(columns)}; expected origin, runway, ts, crosswind.")
    elif columns["crosswind"].dataType.simpleString() != "double":
        wrong.append("crosswind should be DOUBLE.")
    if set(found.primary_keys) != {"origin", "runway", "ts"}:
        wrong.append(f"Its key is {found.primary_keys}; expected airport, runway and hour.")
    if list(found.timestamp_keys) != ["ts"]:
        wrong.append(
            "ts is not declared as the time series column: PRIMARY KEY (..., ts TIMESERIES)."
        )
    return wrong


EXERCISES = {
    "06.1": Exercise(
        check=check_carriers,
        hints=(
            "create_table wants a name of three levels, primary_keys, df and description.",
            "What names a row of `carriers`? Leave timeseries_column out.",
            'fe.create_table(name=f"{CATALOG}.{SCHEMA}.carriers", primary_keys=["carrier"], ...)',
        ),
        solution="""
spark.sql(f"DROP TABLE IF EXISTS {CATALOG}.{SCHEMA}.carriers")

carriers_table = fe.create_table(
    name=f"{CATALOG}.{SCHEMA}.carriers",
    primary_keys=["carrier"],
    df=carriers,
    description="Where each airline flies from New York, and how far",
)

lab.check("06.1", carriers_table)
""",
        praise="A key, a description, no time: `carriers` can be looked up by carrier.",
    ),
    "06.2": Exercise(
        check=check_runway_wind,
        hints=(
            "The key stands in a constraint after the columns: CONSTRAINT name PRIMARY KEY (...).",
            "Each key column is NOT NULL, and TIMESERIES stands after the name of one of them.",
            "CONSTRAINT runway_wind_pk PRIMARY KEY (origin, runway, ts TIMESERIES)",
        ),
        solution="""
statement = f\"\"\"
    CREATE TABLE {CATALOG}.{SCHEMA}.runway_wind (
        origin STRING NOT NULL,
        runway STRING NOT NULL,
        ts TIMESTAMP NOT NULL,
        crosswind DOUBLE,
        CONSTRAINT runway_wind_pk PRIMARY KEY (origin, runway, ts TIMESERIES)
    )
\"\"\"

lab.check("06.2", statement)
""",
        praise="Three key columns, one of them the time: that is a composite key in SQL.",
    ),
}
