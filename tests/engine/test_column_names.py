"""The columns of the local engine have the names that real Spark gives them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.errors import PySparkException

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.spark_names.engine import engine_agrees
from lakelab.local.sql.spark_names.expressions import relations_of, spark_name
from tests.engine.column_names import (
    create_views,
    dataframe_name,
    drop_views,
    load_dataframe_names,
    load_names,
)

EXPRESSIONS = [
    (relations, expression, name)
    for relations, names in load_names().items()
    for expression, name in names.items()
]
OTHER = {
    # the type of a column decides
    *("a > 1.5", "a >= 1.5", "a < 1.5", "2 > 1.1", "1.5 < 2", "d + 1", "d - 1", "s['x']"),
    *("hex(lpad(unhex('aabb'), 5))", "hex(rpad(unhex('aabb'), 5))"),
    *("to_char(date'2016-04-08', 'y')", "to_char(encode('abc', 'utf-8'), 'utf-8')"),
    "to_varchar(encode('abc', 'utf-8'), 'utf-8')",
    "time_bucket(INTERVAL '1' HOUR, TIMESTAMP '2024-01-01 11:27:00')",
    # sqlglot and the engine do not read it
    *("a >>> 1", "4 >>> 1", "current_time"),
}
"""Expressions with another name here, and why."""

PART = 40


@pytest.fixture(scope="module")
def views(spark: LocalSparkSession) -> Iterator[LocalSparkSession]:
    create_views(spark)
    yield spark
    drop_views(spark)


def _parts() -> list[tuple[str, list[tuple[str, str]]]]:
    parts = []
    for relations, names in load_names().items():
        known = [pair for pair in names.items() if pair[0] not in OTHER]
        parts += [(relations, known[i : i + PART]) for i in range(0, len(known), PART)]
    return parts


@pytest.mark.parametrize(("relations", "expression", "name"), EXPRESSIONS)
def test_the_tree_tells_the_name(relations: str, expression: str, name: str) -> None:
    tree = parse(f"SELECT {expression} FROM {relations}").tree
    if tree is None or expression in OTHER:
        return
    (column,) = tree.expressions
    assert spark_name(column, relations_of(tree)) in (name, None)


def test_most_names_are_told() -> None:
    trees = [(parse(f"SELECT {e} FROM {r}").tree, name) for r, e, name in EXPRESSIONS]
    right = [spark_name(t.expressions[0], relations_of(t)) == name for t, name in trees if t]
    assert sum(right) > 0.95 * len(EXPRESSIONS)


def test_no_alias_is_left_out(views: LocalSparkSession) -> None:
    for relations, expression, name in EXPRESSIONS:
        tree = parse(f"SELECT {expression} FROM {relations}").tree
        if (
            tree
            and expression not in OTHER
            and engine_agrees(tree.expressions[0], relations_of(tree))
        ):
            try:
                columns = views.engine_sql(to_sql(tree)).columns
            except PySparkException:  # the engine has no such function
                continue
            assert columns[0] == name, expression


@pytest.mark.parametrize(("relations", "names"), _parts())
def test_names_of_the_engine(
    views: LocalSparkSession, relations: str, names: list[tuple[str, str]]
) -> None:
    found = []
    for expression, name in names:
        try:
            columns = views.sql(f"SELECT {expression} FROM {relations}").columns
        except PySparkException:  # the engine has no such function
            continue
        found.append((expression, columns[0], name))
    assert [f for f in found if f[1] != f[2]] == []
    assert len(found) > len(names) // 2


# the type of a column decides
OTHER_IN_DATAFRAMES = (
    'F.col("ts") + F.expr("INTERVAL 1 DAY")',
    'F.col("d") + F.expr("INTERVAL 1 DAY")',
    'F.col("d") + 1',
)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_names_in_dataframes(views: LocalSparkSession) -> None:
    found = {}
    for expression, name in load_dataframe_names().items():
        if expression in OTHER_IN_DATAFRAMES:
            continue
        try:
            found[expression] = (dataframe_name(views, expression), name)
        except PySparkException:  # the engine has no such function
            continue
    assert {one: pair for one, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) > 0.95 * len(load_dataframe_names())
