"""Runs a case in a schema of its own, on any session of Spark Connect."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import Row, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tests.engine.answers import Answer, answer_of, answer_of_error
from tests.engine.cases import Case, tables


class CaseRunner:
    """A session, with a schema that has all tables that cases are given.

    Cases that only read share these tables; any other case has a schema and tables of its own.

    Parameters
    ----------
    spark : SparkSession
        A session of the local engine or of real Spark.
    prefix : str
        What the names of schemas begin with: a catalog, too, where the engine has several.
    default : str
        The schema that is current after a case.
    """

    def __init__(self, spark: SparkSession, prefix: str, default: str) -> None:
        self.spark = spark
        self._prefix = prefix
        self._default = default
        self._cases = 0
        self._shared = f"{prefix}_shared"
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {self._shared}")
        spark.sql(f"USE {self._shared}")
        for statements in tables().values():
            for statement in statements:
                spark.sql(statement)

    def run(self, case: Case) -> Answer:
        """Return the answer to a case."""
        with _settings(self.spark, case.conf), self._schema(case):
            return _run_sql(self.spark, case) if case.sql else _run_python(self.spark, case)

    def close(self) -> None:
        """Drop the tables that cases share."""
        self.spark.sql(f"USE {self._default}")
        self.spark.sql(f"DROP SCHEMA {self._shared} CASCADE")

    @contextmanager
    def _schema(self, case: Case) -> Iterator[None]:
        """Make the schema of a case the current one."""
        if case.only_reads:
            self.spark.sql(f"USE {self._shared}")
            yield
            return
        self._cases += 1
        schema = f"{self._prefix}_{self._cases}"
        self.spark.sql(f"CREATE SCHEMA {schema}")
        self.spark.sql(f"USE {schema}")
        for table in case.given:
            for statement in tables()[table]:
                self.spark.sql(statement)
        try:
            yield
        finally:
            if _may_have_views(case):
                for view in self.spark.sql("SHOW VIEWS").collect():
                    if view.isTemporary:
                        self.spark.catalog.dropTempView(view.viewName)
            self.spark.sql(f"USE {self._default}")
            self.spark.sql(f"DROP SCHEMA {schema} CASCADE")


def _may_have_views(case: Case) -> bool:
    return any("view" in text.lower() for text in (*case.sql, case.python))


@contextmanager
def _settings(spark: SparkSession, conf: dict[str, str]) -> Iterator[None]:
    for key, value in conf.items():
        spark.conf.set(key, value)
    yield
    for key in conf:
        spark.conf.unset(key)


def _run_sql(spark: SparkSession, case: Case) -> Answer:
    answer: Answer = {}
    for number, statement in enumerate(case.sql, start=1):
        last = number == len(case.sql)
        try:
            result = spark.sql(statement)
            if last:
                answer = answer_of(result, ordered=case.ordered)
        except Exception as error:  # noqa: BLE001 - any error is an answer, which is compared
            return answer_of_error(error, None if len(case.sql) == 1 else number)
    return answer


def _run_python(spark: SparkSession, case: Case) -> Answer:
    names: dict[str, Any] = {
        "spark": spark, "F": F, "T": T, "W": Window, "pd": pd, "np": np, "Row": Row,
        "Decimal": Decimal, "datetime": datetime,
        **{table: spark.table(table) for table in case.given},
    }  # fmt: skip
    block = ast.parse(case.python)
    last = block.body.pop()
    if not isinstance(last, ast.Expr):
        raise ValueError(f"{case.name}: the last line is no expression: {ast.unparse(last)}")
    try:
        exec(compile(block, case.name, "exec"), names)
        value = eval(compile(ast.Expression(last.value), case.name, "eval"), names)
        return answer_of(value, ordered=case.ordered)
    except Exception as error:  # noqa: BLE001 - any error is an answer, which is compared
        return answer_of_error(error)
