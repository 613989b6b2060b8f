"""Feature functions and feature specs, asked of a client: `on_demand.py <out>` asks the official one.

The same questions are asked of the client of a laptop, in the tests' own process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCHEMA = "main.on_demand"


class Half:
    """A model that gives back its one feature."""

    def predict(self, inputs: Any) -> Any:
        return inputs["half"]


def answers(spark: Any, package: Any, make_spec: Any, experiment: str) -> dict[str, Any]:
    """Ask a client, and tell what it answered.

    Parameters
    ----------
    spark : LocalSparkSession
    package : module
        `databricks.feature_engineering`, whoever answers for it.
    make_spec : callable
        Makes a feature spec, which the double's server cannot: name, features, excluded columns.
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
    told: dict[str, Any] = {}
    for case, given in {
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
        told[case] = _asked(lambda given=given: _training_set(fe, df, given))  # type: ignore[misc]
    made = fe.create_training_set(
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
            training_set=made,
            registered_model_name=f"{SCHEMA}.model",
            pip_requirements=["scikit-learn"],
        )
    # a `half` of the rows themselves is left out: with it the official client calls `withColumns({})`,
    # which Spark Connect refuses
    for case, columns in {"keys": ["tailnum"], "seats": ["tailnum", "flight AS seats"]}.items():
        scored = fe.score_batch(model_uri=f"models:/{SCHEMA}.model/1", df=df.selectExpr(*columns))
        told[case] = _table(scored)
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


def _training_set(fe: Any, df: Any, given: dict[str, Any]) -> dict[str, Any]:
    made = fe.create_training_set(df=df, label="late", **given)
    spec = made.feature_spec
    told = spec._to_dict() if hasattr(spec, "_to_dict") else spec.to_dict()
    functions = told.get("input_functions", [])
    return {**_table(made.load_df()), "columns": told["input_columns"], "functions": functions}


def _table(df: Any) -> dict[str, Any]:
    return {"types": df.dtypes, "rows": sorted(str(tuple(row)) for row in df.collect())}


def _asked(question: Any) -> Any:
    try:
        return question()
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
    told = answers(spark, official, make_spec, "/on_demand")
    told["client"] = str(official.__file__)
    (out / "told.json").write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
