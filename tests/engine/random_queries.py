"""Random queries, which the local engine and real Spark answer: ``python -m tests.engine.random_queries``.

``--count`` and ``--seed`` choose them; a seed gives the same queries again. It prints the queries that the two
answer differently, values first, and ends with 1 if a value, a type or a missing error is among them. An error of the
local engine alone, with a condition, is counted only: what it does not have, it refuses.

Needs Java and `make test-spark`'s packages. Tested in ``tests/engine/test_random_queries.py``.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home
from tests.engine.answers import Answer, answer_of, answer_of_error, difference
from tests.engine.real_spark import real_spark

TABLE = """
SELECT CAST(id AS INT) AS id, CAST(i AS INT) AS i, CAST(n AS BIGINT) AS n, CAST(h AS SMALLINT) AS h,
       CAST(x AS DOUBLE) AS x, CAST(f AS FLOAT) AS f, CAST(d AS DECIMAL(10, 2)) AS d, CAST(s AS STRING) AS s,
       CAST(b AS BOOLEAN) AS b, CAST(day AS DATE) AS day, CAST(ts AS TIMESTAMP) AS ts, a
FROM VALUES
  (1, 1, 10, 3, 1.5D, 0.5, 1.25, 'a', true, '2024-01-31', '2024-01-31 10:11:12', array(1, 2)),
  (2, -7, 9223372036854775807L, -3, -0.0D, 2.5, -99999999.99, 'Bc', false, '1969-12-31', '1969-12-31 23:59:59.5', array()),
  (3, 2147483647, -5, 32767, CAST('NaN' AS DOUBLE), 0.1, 0.00, '', NULL, '2024-02-29', '2024-02-29 00:00:00', array(3, NULL)),
  (4, 0, 0, 0, 1e20D, -1.5, 2.50, '12', true, '1999-12-31', '2000-01-01 12:00:00', array(5)),
  (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (6, 3, 3, 3, 2.5D, 3.5, 3.50, ' b ', false, '2023-03-26', '2023-03-26 02:30:00', array(3, 1, 2)),
  (7, 1, 10, 3, CAST('Infinity' AS DOUBLE), 100, 10.00, 'a', true, '2024-01-31', '2024-01-31 10:11:12', array(1, 2)),
  (8, 100, 1000000, 7, 1e-5D, 1.25, 0.05, 'x-y_z', false, '0999-05-05', '2024-07-01 08:00:00.123456', array(9, 9))
  AS v(id, i, n, h, x, f, d, s, b, day, ts, a)
"""
"""Rows with nulls, limits, NaN and equal values, in columns of all usual types."""

NUMBERS = ("INT", "BIGINT", "SMALLINT", "DOUBLE", "FLOAT", "DECIMAL(10, 2)")
COLUMNS = {
    "INT": "i", "BIGINT": "n", "SMALLINT": "h", "DOUBLE": "x", "FLOAT": "f", "DECIMAL(10, 2)": "d",
    "STRING": "s", "BOOLEAN": "b", "DATE": "day", "TIMESTAMP": "ts", "ARRAY<INT>": "a",
}  # fmt: skip
LITERALS = {
    "INT": ("0", "1", "-3", "7", "2147483647"),
    "BIGINT": ("0L", "5L", "-12L"),
    "SMALLINT": ("2S", "CAST(3 AS SMALLINT)"),
    "DOUBLE": ("0.5D", "1e3", "-2.5D", "CAST('NaN' AS DOUBLE)"),
    "FLOAT": ("CAST(1.5 AS FLOAT)",),
    "DECIMAL(10, 2)": ("1.25", "0.5", "100.00", "-3.1"),
    "STRING": ("'a'", "'7'", "''", "'abc'", "'2024-02-29'"),
    "BOOLEAN": ("true", "false"),
    "DATE": ("DATE '2024-02-29'", "DATE '2023-12-31'"),
    "TIMESTAMP": ("TIMESTAMP '2024-02-29 12:00:00'",),
    "ARRAY<INT>": ("array(1, 2, 3)", "array(3)"),
}
# of each: the type of the value, and a call whose arguments are types in braces
CALLS: dict[str, tuple[str, ...]] = {
    "INT": (
        "length({STRING})", "year({DATE})", "month({DATE})", "dayofweek({DATE})", "weekday({DATE})", "hour({TIMESTAMP})",
        "datediff({DATE}, {DATE})", "size({ARRAY<INT>})", "abs({SMALLINT})", "sign({INT})", "instr({STRING}, {STRING})",
        "levenshtein({STRING}, {STRING})", "ascii({STRING})", "weekofyear({DATE})", "quarter({DATE})",
        "array_position({ARRAY<INT>}, {INT})", "element_at({ARRAY<INT>}, 1)", "get({ARRAY<INT>}, 0)",
        "array_max({ARRAY<INT>})", "array_min({ARRAY<INT>})", "cardinality({ARRAY<INT>})", "bit_count({INT})",
        "shiftleft({INT}, 2)", "{INT} & {INT}", "{INT} | {INT}", "extract(DOW FROM {DATE})", "try_add({INT}, {INT})",
    ),
    "BIGINT": ("abs({BIGINT})", "ceil({DOUBLE})", "floor({DOUBLE})", "{INT} DIV {INT}", "unix_timestamp({TIMESTAMP})", "pmod({BIGINT}, 7L)", "hash({INT}, {STRING})", "xxhash64({STRING})", "bround({BIGINT}, -1)", "crc32({STRING})"),
    "SMALLINT": ("{SMALLINT} + {SMALLINT}", "- {SMALLINT}", "abs({SMALLINT})"),
    "DOUBLE": (
        "{INT} / {INT}", "sqrt(abs({DOUBLE}))", "exp({INT} % 5)", "ln({DOUBLE})", "power({INT} % 4, 2)", "round({DOUBLE}, 1)", "bround({DOUBLE}, 1)",
        "months_between({DATE}, {DATE})", "nanvl({DOUBLE}, {DOUBLE})", "sin({INT})", "atan2({INT}, {INT})", "log10({DOUBLE})", "cbrt({INT})",
        "try_divide({DOUBLE}, {INT})", "signum({DOUBLE})", "rint({DOUBLE})", "hypot({INT}, {INT})", "degrees({INT})", "log(2, {DOUBLE})",
    ),
    "FLOAT": ("{FLOAT} + {FLOAT}", "abs({FLOAT})", "- {FLOAT}"),
    "DECIMAL(10, 2)": ("round({DECIMAL(10, 2)}, 1)", "abs({DECIMAL(10, 2)})", "bround({DECIMAL(10, 2)}, 0)", "floor({DECIMAL(10, 2)})", "ceil({DECIMAL(10, 2)}, 1)", "- {DECIMAL(10, 2)}"),
    "STRING": (
        "upper({STRING})", "concat({STRING}, {STRING})", "{STRING} || {INT}", "substring({STRING}, 1, 2)", "substr({STRING}, -2)", "trim({STRING})",
        "CAST({DOUBLE} AS STRING)", "CAST({DECIMAL(10, 2)} AS STRING)", "CAST({TIMESTAMP} AS STRING)", "CAST({DATE} AS STRING)", "CAST({ARRAY<INT>} AS STRING)", "CAST({FLOAT} AS STRING)",
        "lpad({STRING}, 4, '*')", "rpad({STRING}, 3, 'xy')", "reverse({STRING})", "replace({STRING}, 'a', 'zz')", "date_format({TIMESTAMP}, 'yyyy-MM-dd HH:mm')",
        "concat_ws('-', {STRING}, {STRING})", "initcap({STRING})", "repeat({STRING}, 2)", "regexp_replace({STRING}, '[a-c]', '.')", "split_part({STRING}, '-', 1)",
        "translate({STRING}, 'abc', 'xyz')", "left({STRING}, 1)", "right({STRING}, 2)", "md5({STRING})", "hex({INT})", "bin({INT})", "format_number({DOUBLE}, 2)",
        "to_json(named_struct('v', {DOUBLE}, 'd', {DATE}))", "substring_index({STRING}, '-', 1)", "dayname({DATE})", "typeof({INT} + {SMALLINT})", "typeof({DECIMAL(10, 2)} * {INT})",
        "conv({INT}, 10, 16)", "array_join({ARRAY<INT>}, ',', 'null')", "regexp_extract({STRING}, '([a-z])', 1)", "overlay({STRING} PLACING 'q' FROM 1)", "soundex({STRING})",
    ),
    "BOOLEAN": (
        "{INT} > {INT}", "{DOUBLE} >= {DOUBLE}", "{STRING} = {STRING}", "{DATE} < {DATE}", "{INT} <=> {BIGINT}", "{DOUBLE} = {DECIMAL(10, 2)}", "isnan({DOUBLE})",
        "{STRING} LIKE '%a%'", "{STRING} RLIKE '^[a-z]'", "{INT} BETWEEN {INT} AND {BIGINT}", "{STRING} IN ('a', 'Bc', {STRING})", "{INT} IN (1, 7, {BIGINT})", "startswith({STRING}, 'a')",
        "contains({STRING}, 'b')", "array_contains({ARRAY<INT>}, {INT})", "{BOOLEAN} AND {BOOLEAN}", "{BOOLEAN} OR {BOOLEAN}", "NOT {BOOLEAN}", "{DOUBLE} IS NULL", "{DATE} = {TIMESTAMP}", "{BOOLEAN} IS TRUE",
        "exists({ARRAY<INT>}, e -> e > 2)", "{FLOAT} = {DOUBLE}", "{DECIMAL(10, 2)} > {FLOAT}", "arrays_overlap({ARRAY<INT>}, {ARRAY<INT>})", "{STRING} > {STRING}", "{INT} IS DISTINCT FROM {INT}",
    ),
    "DATE": ("date_add({DATE}, {SMALLINT})", "date_sub({DATE}, 3)", "add_months({DATE}, 1)", "last_day({DATE})", "trunc({DATE}, 'MM')", "trunc({DATE}, 'week')", "CAST({TIMESTAMP} AS DATE)", "next_day({DATE}, 'Mon')", "to_date({TIMESTAMP})", "{DATE} + INTERVAL 1 MONTH", "{DATE} - 1"),
    "TIMESTAMP": ("CAST({DATE} AS TIMESTAMP)", "date_trunc('HOUR', {TIMESTAMP})", "{TIMESTAMP} + INTERVAL '2' DAY", "date_trunc('QUARTER', {TIMESTAMP})", "timestampadd(MINUTE, {SMALLINT}, {TIMESTAMP})", "make_timestamp(2024, 1, 31, 1, 2, 3.5)"),
    "ARRAY<INT>": ("array({INT}, {INT})", "sort_array({ARRAY<INT>})", "array_distinct({ARRAY<INT>})", "array_union({ARRAY<INT>}, {ARRAY<INT>})", "transform({ARRAY<INT>}, e -> e % 3)", "filter({ARRAY<INT>}, e -> e > 1)", "slice({ARRAY<INT>}, 1, 2)", "array_except({ARRAY<INT>}, {ARRAY<INT>})", "sequence(1, 3)", "array_intersect({ARRAY<INT>}, {ARRAY<INT>})", "array_remove({ARRAY<INT>}, 1)", "array_compact({ARRAY<INT>})", "concat({ARRAY<INT>}, {ARRAY<INT>})", "array_repeat({INT}, 2)"),
}  # fmt: skip
AGGREGATES = (
    "count(*)", "count({STRING})", "count(DISTINCT {INT})", "sum({INT})", "sum({DOUBLE})", "sum({DECIMAL(10, 2)})", "avg({INT})", "avg({DECIMAL(10, 2)})", "min({DOUBLE})", "max({DOUBLE})", "min({STRING})", "max({DATE})",
    "stddev({INT})", "var_pop({SMALLINT})", "bool_and({BOOLEAN})", "bool_or({BOOLEAN})", "count_if({BOOLEAN})", "sort_array(collect_list({INT}))", "sort_array(collect_set({STRING}))", "median({INT})", "percentile({INT}, 0.25)", "percentile_approx({INT}, 0.5)",
    "max_by({STRING}, {INT} + id * 1000L)", "corr({INT}, {SMALLINT})", "skewness({SMALLINT})", "kurtosis({SMALLINT})", "approx_count_distinct({SMALLINT})", "bit_xor({INT})", "sum({INT}) FILTER (WHERE {BOOLEAN})", "try_sum({BIGINT})", "mode({SMALLINT})", "every({BOOLEAN})", "first({STRING}, true)", "any_value({BOOLEAN}, true)",
)  # fmt: skip
WINDOWS = (
    "row_number()", "rank()", "dense_rank()", "lag({INT})", "lead({STRING}, 1, 'none')", "sum({SMALLINT})", "avg({DOUBLE})", "min({DATE})", "first_value({INT})", "last_value({INT})", "ntile(3)", "cume_dist()", "percent_rank()", "count(*)", "nth_value({INT}, 2)", "max({DOUBLE})",
)  # fmt: skip
FRAMES = (
    "",
    " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
)
_WITHOUT_FRAME = ("row_number", "rank", "dense_rank", "lag", "lead", "ntile", "cume_dist", "percent_rank")  # fmt: skip
DEPTH = 2


class RandomQueries:
    """Queries over the table `r`, made of a seed.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> RandomQueries(7).query() == RandomQueries(7).query()
    True
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def query(self) -> str:
        """Return the text of a query."""
        forms: Sequence[Callable[[], str]] = (
            self._rows, self._rows, self._rows, self._groups, self._groups, self._set_operation,
            self._join, self._window, self._subquery, self._distinct,
        )  # fmt: skip
        return self._random.choice(forms)()

    def expression(self, kind: str, depth: int = DEPTH) -> str:
        """Return an expression of a type, often; implicit casts make it another one now and then."""
        chance = self._random.random()
        if depth == 0 or chance < 0.15:
            return COLUMNS[kind] if self._random.random() < 0.7 else self._one_of(LITERALS[kind])
        if kind in NUMBERS and chance < 0.4:
            return self._arithmetic(kind, depth)
        if chance < 0.6:
            return self._general(kind, depth)
        return self._filled(self._one_of(CALLS[kind]), depth)

    def _one_of(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _filled(self, pattern: str, depth: int) -> str:
        text = pattern
        while "{" in text:
            before, _, rest = text.partition("{")
            kind, _, after = rest.partition("}")
            text = f"{before}{self._atom(kind, depth - 1)}{after}"
        return text

    def _atom(self, kind: str, depth: int) -> str:
        text = self.expression(kind, depth)
        return (
            f"({text})" if " " in text and not text.startswith(("CAST", "DATE", "TIME")) else text
        )

    def _arithmetic(self, kind: str, depth: int) -> str:
        other = self._one_of(NUMBERS) if self._random.random() < 0.3 else kind
        left, right = self._atom(kind, depth - 1), self._atom(other, depth - 1)
        return f"{left} {self._one_of('+++---***%/')} {right}"

    def _general(self, kind: str, depth: int) -> str:
        one, other = self._atom(kind, depth - 1), self._atom(self._beside(kind), depth - 1)
        if kind == "ARRAY<INT>":
            return f"coalesce({one}, array(0))"
        condition = self.expression("BOOLEAN", depth - 1)
        form = self._one_of(
            ("CASE WHEN {c} THEN {a} ELSE {b} END", "coalesce({a}, {b})", "if({c}, {a}, {b})", "nullif({a}, {b})", "greatest({a}, {b})", "least({a}, {b})", "nvl({a}, {b})")
        )  # fmt: skip
        return form.format(a=one, b=other, c=condition)

    def _beside(self, kind: str) -> str:
        """Return the type of the second operand: another one now and then."""
        return self._one_of(NUMBERS) if kind in NUMBERS and self._random.random() < 0.4 else kind

    def _kind(self) -> str:
        return self._one_of(tuple(COLUMNS))

    def _where(self) -> str:
        return f" WHERE {self.expression('BOOLEAN')}" if self._random.random() < 0.5 else ""

    def _rows(self) -> str:
        columns = ", ".join(
            self.expression(self._kind()) for _ in range(self._random.randint(1, 3))
        )
        return f"SELECT id, {columns} FROM r{self._where()} ORDER BY id"

    def _distinct(self) -> str:
        return (
            f"SELECT DISTINCT {self.expression(self._one_of(NUMBERS))} AS v FROM r{self._where()}"
        )

    def _groups(self) -> str:
        key = self.expression(self._one_of(("BOOLEAN", "STRING", "INT", "DATE", "DOUBLE")), 1)
        if key in LITERALS["INT"]:  # would be the position of a column
            key = "i"
        values = ", ".join(self._filled(self._one_of(AGGREGATES), 2) for _ in range(2))
        having = " HAVING count(*) > 1" if self._random.random() < 0.2 else ""
        return f"SELECT {key} AS k, {values} FROM r{self._where()} GROUP BY {key}{having}"

    def _set_operation(self) -> str:
        kind = self._one_of(tuple(COLUMNS)[:-1])
        operator = self._one_of(("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL"))
        left, right = self.expression(kind), self.expression(self._beside(kind))
        return f"SELECT {left} AS v FROM r {operator} SELECT {right} FROM r{self._where()}"

    def _join(self) -> str:
        kind = self._one_of(("LEFT JOIN", "JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"))
        column = self._one_of(("i", "n", "h", "d", "s", "day", "x", "f"))
        other = self._one_of(("i", "n", "h", "d", "x")) if column in "inhdx" else column
        shown = "l.id, l.s" if "SEMI" in kind or "ANTI" in kind else "l.id, r.id AS other, r.x"
        return f"SELECT {shown} FROM r AS l {kind} r ON l.{column} = r.{other} AND l.id >= r.id"

    def _window(self) -> str:
        call = self._one_of(WINDOWS)
        has_frame = call.partition("(")[0] not in _WITHOUT_FRAME
        frame = self._one_of(FRAMES) if has_frame else ""
        partition = self._one_of(("", "PARTITION BY b ", "PARTITION BY s "))
        return (
            f"SELECT id, {self._filled(call, 1)} OVER ({partition}ORDER BY id{frame}) AS w FROM r"
        )

    def _subquery(self) -> str:
        value = self.expression(self._one_of(NUMBERS), 1)
        form = self._one_of(
            (
                "SELECT id FROM r WHERE {v} > (SELECT avg(i % 100) FROM r)",
                "SELECT id FROM r WHERE i IN (SELECT h FROM r WHERE {c})",
                "WITH t AS (SELECT id, {v} AS v, s FROM r) SELECT s, max(v), count(v) FROM t GROUP BY s",
                "SELECT id, (SELECT max(q.h) FROM r AS q WHERE q.s = r.s) AS m FROM r",
                "SELECT id FROM r WHERE EXISTS (SELECT 1 FROM r AS q WHERE q.i = r.h AND q.id <> r.id)",
                "SELECT * FROM (SELECT id, {v} AS v FROM r) WHERE v IS NOT NULL ORDER BY v, id",
            )
        )
        return form.format(v=value, c=self.expression("BOOLEAN", 1))


def answer(spark: SparkSession, query: str) -> Answer:
    """Return what an engine answers to a query."""
    try:
        return answer_of(spark.sql(query), ordered="ORDER BY" in query and " OVER " not in query)
    except Exception as error:  # noqa: BLE001 - any error is an answer, which is compared
        return answer_of_error(error)


def is_refused(found: str, here: Answer) -> bool:
    """Return whether the only difference is that the local engine raises an error with a condition.

    Examples
    --------
    >>> is_refused("error UNRESOLVED_ROUTINE", {"condition": "UNRESOLVED_ROUTINE"})
    True
    >>> is_refused("other value", {"value": 1})
    False
    """
    return bool(found) and found.startswith("error ") and bool(here.get("condition"))


def main(arguments: Sequence[str]) -> int:
    """Compare the answers to random queries."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine.random_queries")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(arguments)
    logging.disable(logging.ERROR)  # each error is an answer
    os.environ["TZ"] = "UTC"
    time.tzset()
    queries = RandomQueries(options.seed)
    counts: Counter[str] = Counter()
    shown: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="random-", ignore_cleanup_errors=True) as folder:
        local = start_spark(Home(Path(folder)).prepare())
        with real_spark() as server:
            real = server.session()
            for spark in (real, local):
                spark.sql(TABLE).createOrReplaceTempView("r")
            for _ in range(options.count):
                query = queries.query()
                expected, here = answer(real, query), answer(local, query)
                found = difference(expected, here)
                refused = is_refused(found, here)
                kind = "same" if not found else "refused here only" if refused else found
                counts[kind] += 1
                if found:
                    shown.append(
                        (kind, f"{found}\n  {query}\n  Spark: {expected}\n  here:  {here}")
                    )
    order = ["other value", "no error", "other type"]
    for _, text in sorted(shown, key=lambda one: order.index(one[0]) if one[0] in order else 9):
        print(text[:1500])
    print(f"seed {options.seed}: " + ", ".join(f"{n} {kind}" for kind, n in counts.most_common()))
    return int(any(kind in counts for kind in order))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
