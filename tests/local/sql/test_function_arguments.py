"""Arguments and parameters of Unity Catalog's functions."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import types
from sqlglot import parse_one

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.functions import SQL, Parameter, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.sql.dialect import parse_expression
from lakelab.local.sql.function_arguments import (
    cast_arguments,
    substitute_parameters,
    typed_null,
)

FUNCTION = UnityFunction(
    TableName.parse("main.f.late"),
    SQL,
    "minutes > bound",
    parameters=(
        Parameter("Minutes", "integer"),
        Parameter("bound", "double", default="15"),
    ),
)


def arguments(call: str) -> dict[str, str]:
    node = parse_expression(call)
    bound = cast_arguments(FUNCTION, node.expressions)
    return {name: value.sql("databricks") for name, value in bound.items()}


@pytest.mark.parametrize(
    "call", ["late(1, 2)", "late(1, bound => 2)", "late(bound => 2, MINUTES => 1)"]
)
def test_arguments_are_bound_by_position_or_name(call):
    assert arguments(call) == {"minutes": "CAST(1 AS INT)", "bound": "CAST(2 AS DOUBLE)"}


def test_default_is_the_argument_of_an_omitted_parameter():
    assert arguments("late(1)") == {"minutes": "CAST(1 AS INT)", "bound": "CAST(15 AS DOUBLE)"}


@pytest.mark.parametrize(
    "call",
    ["late()", "late(1, 2, 3)", "late(bound => 2)", "late(1, minutes => 2)", "late(1, x => 2)"],
)
def test_other_arguments_are_refused(call):
    with pytest.raises(AnalysisException, match="WRONG_NUM_ARGS"):
        arguments(call)


def test_parameters_are_substituted_with_or_without_the_name_of_the_function():
    values = {"minutes": parse_one("a"), "bound": parse_one("b")}
    body = parse_one("minutes > late.bound")
    assert substitute_parameters(body, values, "main.f.late").sql() == "a > b"
    with pytest.raises(UnityCatalogError, match="names 'x', which is none of its parameters"):
        substitute_parameters(parse_one("x > bound"), values, "main.f.late")


def test_null_has_a_type():
    assert typed_null(types.LongType()).sql("databricks") == "CAST(NULL AS BIGINT)"
