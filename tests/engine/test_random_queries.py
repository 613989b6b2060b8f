"""Random queries: a seed gives the same ones, and the local engine answers or refuses each by a condition."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.dialect import parse
from tests.engine.random_queries import TABLE, RandomQueries, answer, is_refused

SEED, COUNT = 11, 60


def test_a_seed_gives_the_same_queries() -> None:
    one, same, other = RandomQueries(1), RandomQueries(1), RandomQueries(2)
    queries = [one.query() for _ in range(20)]
    assert queries == [same.query() for _ in range(20)]
    assert queries != [other.query() for _ in range(20)]


def test_the_dialect_reads_each_query() -> None:
    queries = RandomQueries(SEED)
    for _ in range(300):
        query = queries.query()
        assert parse(query).tree is not None, query


def test_the_local_engine_answers_or_refuses_by_a_condition(spark: LocalSparkSession) -> None:
    """What each answer must be, only real Spark can tell: `python -m tests.engine.random_queries`."""
    spark.sql(TABLE).createOrReplaceTempView("r")
    queries = RandomQueries(SEED)
    try:
        for _ in range(COUNT):
            query = queries.query()
            here = answer(spark, query)
            assert "rows" in here or here["condition"], (query, here)
    finally:
        spark.catalog.dropTempView("r")


@pytest.mark.parametrize(
    ("found", "here", "refused"),
    [
        ("", {"rows": []}, False),
        ("no error", {"rows": []}, False),
        ("error X", {"condition": "X"}, True),
        ("error without a condition", {"condition": None}, False),
    ],
)
def test_an_error_with_a_condition_is_a_refusal(found, here, refused) -> None:
    assert is_refused(found, here) is refused
