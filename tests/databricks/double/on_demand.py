"""Create training sets with feature functions and feature specs: `on_demand.py <out>` takes the official client.

The tests call `results` with the local client, in their own process, and compare.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCHEMA = "main.on_demand"


class Half:
    """A model that returns its only feature."""

    def predict(self, inputs: Any) -> Any:
        return inputs["half"]


def results(spark: Any, package: Any, make_spec: Any, experiment: str) -> dict[str, Any]:
    """Return the result of each case with a client: types, rows and spec, or the types of the error.

    Parameters
    ----------
    spark : LocalSparkSession
    package : module
        `databricks.feature_engineering`, the official package or the local one.
    make_spec : callable
        Creates a feature spec from its name, features and excluded columns; the double's server cannot.
    experiment : str
        The name of an experiment to log to.
    """
    import mlflow

    fe, lookup = package.FeatureEngineeringClient(), package.FeatureLookup
    spark.sql(f"CREATE SCHEMA {SCHEMA}")
    spark.sql(f"USE {SCHEMA}")
    for name, parameters, returns, body in (
        ("half", "x BIGINT", "DOUBLE", "return 0 if x is None else x / 2"),
        ("more", "x DOUBLE, n BIGINT", "STRING", "return f'{x} {n}'"),
    ):
        spark.sql(
            f"CREATE FUNCTION {name}({parameters}) RETURNS {returns} LANGUAGE PYTHON AS $${body}$$"
        )
    spark.sql("CREATE FUNCTION slow(x BIGINT) RETURNS BIGINT RETURN x")
    planes = spark.createDataFrame([("a", 100), ("b", 200)], "tailnum STRING, seats BIGINT")
    fe.create_table(name=f"{SCHEMA}.planes", primary_keys=["tailnum"], df=planes)
    rows = [(1, "a", 0), (2, "b", 1), (3, "z", 0)]
    df = spark.createDataFrame(rows, "flight BIGINT, tailnum STRING, late BIGINT")

    def function(udf: str, output: str, **bindings: str) -> Any:
        return package.FeatureFunction(udf_name=udf, input_bindings=bindings, output_name=output)

    seats = lookup(table_name=f"{SCHEMA}.planes", lookup_key="tailnum")
    half, of_key = function(f"{SCHEMA}.half", "half", x="seats"), function("half", "h", x="flight")
    more = function(f"{SCHEMA}.more", "more", x="half", n="flight")
    make_spec("spec", [seats, more, half], ["seats"])
    found: dict[str, Any] = {}
    for case, options in {
        "a chain": {"feature_lookups": [more, half, seats]},
        "excluded": {"feature_lookups": [seats, half], "exclude_columns": ["seats", "tailnum", "flight"]},
        "nothing excluded is kept": {"feature_lookups": [seats, half], "exclude_columns": ["half"]},
        "of the rows": {"feature_lookups": [seats, of_key]},
        "a spec": {"feature_spec": f"{SCHEMA}.spec"},
        "a spec without its key": {"feature_spec": f"{SCHEMA}.spec", "exclude_columns": ["tailnum"]},
        "no spec": {"feature_spec": f"{SCHEMA}.half"},
        "type": {"feature_lookups": [function("half", "h", x="tailnum")]},
        "missing": {"feature_lookups": [function("half", "h", x="nope")]},
        "parameters": {"feature_lookups": [function("half", "h", y="flight")]},
        "in SQL": {"feature_lookups": [function("slow", "h", x="flight")]},
        "not there": {"feature_lookups": [function("nope", "h", x="flight")]},
        "label": {"feature_lookups": [function("half", "late", x="flight")]},
        "column": {"feature_lookups": [function("half", "flight", x="flight")]},
        "twice": {"feature_lookups": [seats, half, half]},
        "circle": {"feature_lookups": [function("half", "a", x="b"), function("half", "b", x="a")]},
        "too many": {"feature_lookups": [function("half", f"h{i}", x="flight") for i in range(101)]},
    }.items():  # fmt: skip
        found[case] = _result_or_error(lambda options=options: _training_set(fe, df, options))  # type: ignore[misc]
    training_set = fe.create_training_set(
        df=df,
        feature_lookups=[seats, half],
        label="late",
        exclude_columns=["flight", "tailnum", "seats"],
    )
    mlflow.set_experiment(experiment)
    with mlflow.start_run():
        fe.log_model(
            model=Half(),
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name=f"{SCHEMA}.model",
            pip_requirements=["scikit-learn"],
        )
    # no case with a column `half` in the rows: for it the official client calls `withColumns({})`, which
    # Spark Connect refuses
    for case, columns in {"keys": ["tailnum"], "seats": ["tailnum", "flight AS seats"]}.items():
        scored = fe.score_batch(model_uri=f"models:/{SCHEMA}.model/1", df=df.selectExpr(*columns))
        found[case] = _table(scored)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def _training_set(fe: Any, df: Any, options: dict[str, Any]) -> dict[str, Any]:
    training_set = fe.create_training_set(df=df, label="late", **options)
    spec = training_set.feature_spec
    # the official spec has no public way to a dict; the local one has
    to_dict = spec._to_dict if hasattr(spec, "_to_dict") else spec.to_dict  # noqa: SLF001 - see above
    content = to_dict()
    return {
        **_table(training_set.load_df()),
        "columns": content["input_columns"],
        "functions": content.get("input_functions", []),
    }


def _table(df: Any) -> dict[str, Any]:
    return {"types": df.dtypes, "rows": sorted(str(tuple(row)) for row in df.collect())}


def _result_or_error(call: Any) -> Any:
    """Return the result of a call, or the names of the error's types, without built-in bases."""
    try:
        return call()
    except (ValueError, TypeError, OSError) as error:  # the SDK's errors are OSErrors
        return [kind.__name__ for kind in type(error).__mro__ if kind.__module__ != "builtins"] or [
            type(error).__name__
        ]


def main(out: Path) -> None:
    import mlflow
    from rehearse import start_as_databricks

    out.mkdir()
    spark = start_as_databricks(out)["spark"]
    import databricks.feature_engineering as official

    from lakelab.local.feature_engineering import FeatureFunction, FeatureLookup
    from lakelab.local.feature_engineering.feature_specs import create_feature_spec

    def make_spec(name: str, features: list[Any], excluded: list[str]) -> None:
        ours = [
            FeatureLookup(f.table_name, f.lookup_key)
            if isinstance(f, official.FeatureLookup)
            else FeatureFunction(
                udf_name=f.udf_name, input_bindings=f.input_bindings, output_name=f.output_name
            )
            for f in features
        ]
        create_feature_spec(
            spark, name=name, features=ours, exclude_columns=excluded, requirements=None
        )

    mlflow.set_registry_uri("databricks-uc")
    found = results(spark, official, make_spec, "/on_demand")
    found["client"] = str(official.__file__)
    (out / "results.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
