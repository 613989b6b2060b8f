"""The legacy client: imports, positional arguments, and errors of unsupported methods."""

from __future__ import annotations

import importlib
import logging
import warnings
from typing import Any
from unittest.mock import create_autospec

import pandas as pd
import pytest
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup
from lakelab.local.feature_store import FeatureStoreClient
from lakelab.local.notebook.import_names import answer_official_names
from lakelab.local.spark.session import LocalSparkSession

HOUR = pd.Timestamp("2024-01-01 08:00")


@pytest.fixture
def fs(spark: LocalSparkSession, schema: str) -> FeatureStoreClient:
    """The legacy client, in a fresh schema."""
    return FeatureStoreClient()


@pytest.fixture
def planes(fs: FeatureStoreClient, spark: LocalSparkSession) -> DataFrame:
    """The table `planes`; its DataFrame."""
    df = spark.createDataFrame([("a", 100), ("b", 200)], "tailnum STRING, seats BIGINT")
    fs.create_table("planes", "tailnum", df, description="fleet", tags={"team": "ml"})
    return df


def rows(df: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in df.collect())


# ---- imports --------------------------------------------------------------------------------------
def test_the_official_names_resolve_to_the_package() -> None:
    answer_official_names()
    from databricks.feature_store import FeatureFunction, feature_table
    from databricks.feature_store import FeatureLookup as OfficialLookup
    from databricks.feature_store import FeatureStoreClient as Official
    from databricks.feature_store.client import FeatureStoreClient as OfClient
    from databricks.feature_store.decorators import feature_table as of_decorators

    from lakelab.local import feature_engineering

    assert Official is OfClient is FeatureStoreClient
    assert feature_table is of_decorators
    assert OfficialLookup is feature_engineering.FeatureLookup
    assert FeatureFunction is feature_engineering.FeatureFunction


@pytest.mark.parametrize(
    "submodule",
    ["entities", "entities.feature_lookup", "entities.feature_table", "training_set"],
)
def test_submodules_are_those_of_the_current_client(submodule: str) -> None:
    answer_official_names()
    legacy = importlib.import_module(f"databricks.feature_store.{submodule}")
    assert legacy is importlib.import_module(f"databricks.feature_engineering.{submodule}")


def test_third_party_online_stores_work_in_a_workspace_only() -> None:
    answer_official_names()
    with pytest.raises(ModuleNotFoundError, match=r"online_store_spec.*Databricks workspace only"):
        importlib.import_module("databricks.feature_store.online_store_spec")


# ---- feature tables -------------------------------------------------------------------------------
def test_a_table_of_unity_catalog(fs: FeatureStoreClient, planes: DataFrame, schema: str) -> None:
    table = fs.get_table("planes")
    assert (table.name, table.description) == (f"{schema}.planes", "fleet")
    assert (table.primary_keys, table.tags) == (["tailnum"], {"team": "ml"})
    assert rows(fs.read_table("planes")) == rows(planes)
    assert fs.get_table("planes") == FeatureEngineeringClient().get_table(name="planes")
    fs.set_feature_table_tag(table_name="planes", key="pii", value="no")
    fs.delete_feature_table_tag(table_name="planes", key="team")
    assert fs.get_table("planes").tags == {"pii": "no"}
    fs.drop_table("planes")
    with pytest.raises(ValueError, match="could not be found"):
        fs.read_table("planes")


def test_a_timestamp_key_becomes_part_of_the_key(
    fs: FeatureStoreClient, spark: LocalSparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    df = spark.createDataFrame(pd.DataFrame({"origin": ["JFK"], "ts": [HOUR], "wind": [5.0]}))
    with caplog.at_level(logging.WARNING):
        table = fs.create_table("weather", ["origin"], df, timestamp_keys="ts")
    assert (table.primary_keys, table.timestamp_keys) == (["origin", "ts"], ["ts"])
    assert "Timestamp key 'ts' is not included in primary keys" in caplog.text
    caplog.clear()
    fs.create_table("weather_2", ["origin", "ts"], df, timestamp_keys=["ts"])
    assert not caplog.records


def test_write_table_merges_and_overwrites(
    fs: FeatureStoreClient, spark: LocalSparkSession, planes: DataFrame
) -> None:
    fs.write_table("planes", spark.createDataFrame([("b", 250), ("c", 300)], planes.schema))
    assert rows(fs.read_table("planes")) == [("a", 100), ("b", 250), ("c", 300)]
    before = fs.get_table("planes")
    fs.write_table(
        "planes",
        spark.createDataFrame([("d", "jet")], "tailnum STRING, kind STRING"),
        " Overwrite ",
    )
    assert fs.read_table("planes").columns == ["tailnum", "seats", "kind"]
    assert rows(fs.read_table("planes")) == [("d", None, "jet")]
    after = fs.get_table("planes")
    assert (after.table_id, after.primary_keys, after.description, after.tags) == (
        before.table_id, before.primary_keys, before.description, before.tags,
    )  # fmt: skip
    fs.write_table(
        "planes", fs.read_table("planes").limit(0), "overwrite"
    )  # a DataFrame of the same table
    assert fs.read_table("planes").count() == 0


@pytest.mark.parametrize(
    ("data", "mode", "error"),
    [
        ([("a", 1), ("a", 2)], "overwrite", "Non-unique rows"),
        ([(None, 1)], "overwrite", "has null"),
        ([("a", 1)], "append", "Unsupported mode 'append'. Use one of 'overwrite', 'merge'"),
    ],
)
def test_a_failed_write_changes_nothing(
    fs: FeatureStoreClient,
    spark: LocalSparkSession,
    planes: DataFrame,
    data: list[Any],
    mode: str,
    error: str,
) -> None:
    with pytest.raises(ValueError, match=error):
        fs.write_table("planes", spark.createDataFrame(data, planes.schema), mode)
    assert rows(fs.read_table("planes")) == rows(planes)


def test_the_current_client_does_not_overwrite(planes: DataFrame) -> None:
    with pytest.raises(ValueError, match="'merge' is the only supported mode"):
        FeatureEngineeringClient().write_table(name="planes", df=planes, mode="overwrite")


def test_deprecated_methods_give_the_official_warning(
    fs: FeatureStoreClient, planes: DataFrame
) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", FutureWarning)
        fs.create_feature_table("fleet", "tailnum", planes)
        assert fs.get_feature_table("fleet").features == ["tailnum", "seats"]
    client = "databricks.feature_store.client.FeatureStoreClient"
    assert [str(one.message) for one in warned] == [
        f"``{client}.{old}`` is deprecated since v0.3.6. This method will be removed in a future "
        f"release. Use ``FeatureStoreClient.{new}`` instead."
        for old, new in [
            ("create_feature_table", "create_table"),
            ("get_feature_table", "get_table"),
        ]
    ]
    assert {one.filename for one in warned} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fs.get_table("fleet")


def test_the_deprecated_name_of_df(
    fs: FeatureStoreClient, planes: DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    fs.create_table("fleet", "tailnum", features_df=planes)
    assert 'The "features_df" parameter is deprecated. Use "df" instead.' in caplog.text
    assert rows(fs.read_table("fleet")) == rows(planes)
    with pytest.raises(ValueError, match="Either features_df or df"):
        fs.create_table("fleet_2", "tailnum", planes, features_df=planes)
    with pytest.raises(ValueError, match="Path argument is not supported for Unity Catalog tables"):
        fs.create_table("fleet_2", "tailnum", planes, path="/mnt/fleet")


def test_register_table(fs: FeatureStoreClient, spark: LocalSparkSession) -> None:
    spark.sql("CREATE TABLE airports (code STRING NOT NULL, name STRING, PRIMARY KEY (code))")
    table = fs.register_table(
        delta_table="airports", primary_keys="code", description="three", tags={"team": "ml"}
    )
    assert (table.primary_keys, table.description, table.tags) == (
        ["code"],
        "three",
        {"team": "ml"},
    )
    with pytest.raises(ValueError, match=r"declared key of 'main\.\w+\.airports' is \['code'\]"):
        fs.register_table(delta_table="airports", primary_keys="name")
    spark.sql("CREATE TABLE plain (code STRING)")
    with pytest.raises(ValueError, match="has no primary key"):
        fs.register_table(delta_table="plain", primary_keys="code")


# ---- training and scoring -------------------------------------------------------------------------
def test_create_training_set(
    fs: FeatureStoreClient, spark: LocalSparkSession, planes: DataFrame
) -> None:
    flights = spark.createDataFrame([("b", 1.0), ("x", 2.0)], "tailnum STRING, delay DOUBLE")
    lookups = [FeatureLookup("planes", "tailnum")]
    loaded = fs.create_training_set(flights, lookups, "delay", ["tailnum"]).load_df()
    assert loaded.columns == ["seats", "delay"]
    assert [tuple(row) for row in loaded.collect()] == [(200, 1.0), (None, 2.0)]


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "names"),
    [
        ("log_model", ("m", "path"), {"flavor": "f", "pip_requirements": []}, ("model", "artifact_path")),
        ("score_batch", ("models:/m/1", "df", "long"), {}, ("model_uri", "df", "result_type")),
        ("create_feature_spec", (), {"name": "spec", "features": []}, ()),
        ("delete_feature_spec", (), {"name": "spec"}, ()),
    ],
)  # fmt: skip
def test_models_and_specs_are_those_of_the_current_client(
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    args: tuple[Any, ...],
    kwargs: Any,
    names: tuple[str, ...],
) -> None:
    client = create_autospec(FeatureEngineeringClient, instance=True)
    monkeypatch.setattr(
        "lakelab.local.feature_store.client.FeatureEngineeringClient", lambda **_: client
    )
    answer = getattr(FeatureStoreClient(), method)(*args, **kwargs)
    call = getattr(client, method)
    assert answer is (
        call.return_value if method in ("score_batch", "create_feature_spec") else None
    )
    assert (
        call.call_args.kwargs
        == call.call_args.kwargs | dict(zip(names, args, strict=True)) | kwargs
    )


# ---- unsupported methods --------------------------------------------------------------------------
def test_the_workspace_feature_store_is_not_available(
    fs: FeatureStoreClient, planes: DataFrame
) -> None:
    with pytest.raises(ValueError, match=r"no Workspace Feature Store here.*Unity Catalog"):
        fs.create_table("hive_metastore.default.planes", "tailnum", planes)
    with pytest.raises(NotImplementedError, match="feature_store_uri='databricks://other:store'"):
        FeatureStoreClient("databricks://other:store")


@pytest.mark.parametrize("method", ["add_data_sources", "delete_data_sources"])
def test_data_sources_are_not_supported(fs: FeatureStoreClient, method: str) -> None:
    with pytest.raises(ValueError, match=f"{method} is not supported for Unity Catalog tables"):
        getattr(fs, method)(feature_table_name="planes", source_names="faa")


@pytest.mark.parametrize("verb", ["create", "get", "delete"])
def test_serving_endpoints_work_in_a_workspace_only(fs: FeatureStoreClient, verb: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"FeatureStoreClient\.{verb}_feature_serving"):
        getattr(fs, f"{verb}_feature_serving_endpoint")(name="x")


def test_publishing_raises(fs: FeatureStoreClient, planes: DataFrame) -> None:
    with pytest.raises(NotImplementedError, match=r"FeatureEngineeringClient\(\)\.publish_table"):
        fs.publish_table("planes", object(), mode="merge")
    with pytest.raises(NotImplementedError, match="Third-party online stores"):
        fs.drop_online_table("planes", object())
