"""The MLflow signature of a model that is logged with its feature spec."""

from __future__ import annotations

import logging

import pytest
from mlflow.types import ColSpec, DataType, Schema

from lakelab.local.feature_engineering.feature_spec import (
    FeatureColumn,
    FeatureSpec,
    SourceColumn,
)
from lakelab.local.feature_engineering.signature import infer_signature

TAILNUM = SourceColumn("tailnum", "string")
SEATS = FeatureColumn("seats", "bigint", table_name="main.f.planes", feature_name="seats")
PRICE = FeatureColumn("price", "decimal(9,2)", table_name="main.f.planes", feature_name="price")


def test_columns_of_the_rows_are_required_and_features_are_optional() -> None:
    signature = infer_signature(FeatureSpec((SEATS, TAILNUM)), {"late": "int"}, None)
    assert signature is not None
    assert [(c.name, c.type, c.required) for c in signature.inputs] == [
        ("tailnum", DataType.string, True),
        ("seats", DataType.long, False),
    ]
    assert [(c.name, c.type) for c in signature.outputs] == [("late", DataType.integer)]


def test_the_output_schema_replaces_the_labels() -> None:
    outputs = Schema([ColSpec(DataType.double, "delay")])
    signature = infer_signature(FeatureSpec((TAILNUM,)), {}, outputs, {"threshold": 0.5})
    assert signature is not None
    assert signature.outputs == outputs
    assert [(p.name, p.default) for p in signature.params] == [("threshold", 0.5)]


def test_the_signature_omits_a_feature_of_an_unsupported_type(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        signature = infer_signature(FeatureSpec((TAILNUM, PRICE)), {"late": "int"}, None)
    assert signature is not None
    assert signature.inputs.input_names() == ["tailnum"]
    assert "'price' (decimal(9,2))" in caplog.text


def test_a_required_column_of_an_unsupported_type_gives_no_signature(
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = FeatureSpec((SourceColumn("price", "decimal(9,2)"), SEATS))
    with caplog.at_level(logging.WARNING):
        assert infer_signature(spec, {"late": "int"}, None) is None
    assert "without a signature" in caplog.text


def test_a_label_of_an_unsupported_type_gives_no_outputs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        signature = infer_signature(FeatureSpec((TAILNUM,)), {"price": "decimal(9,2)"}, None)
    assert signature is not None
    assert signature.outputs is None
    assert "no outputs" in caplog.text
