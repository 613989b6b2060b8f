"""``INSERT`` of structs, and of queries whose columns only the engine knows."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    AFFECTED_ROWS,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

STRUCTS = (
    "CREATE TABLE s (id INT, l ARRAY<STRUCT<x: INT, `y-z`: STRING>>, m STRUCT<a: INT, b: STRING>)",
)
ONE = "SELECT l[0].x, l[0].`y-z`, m.a, m.b FROM s WHERE id = 1"
ROWS = [
    Row(
        "INSERT INTO s VALUES (1, array(named_struct('x', 1, 'y-z', 'a')), struct(2, 'b')), (2, NULL, NULL)",
        AFFECTED_ROWS,
        [(2, 2)],
        given=STRUCTS,
        then={ONE: [(1, "a", 2, "b")], "SELECT id, l, m FROM s WHERE id = 2": [(2, None, None)]},
    ),
    Row(
        "INSERT INTO s (l, id) VALUES (array(named_struct('other', '1', 'names', 5)), 1), (array(), 2)",
        AFFECTED_ROWS,
        [(2, 2)],
        given=STRUCTS,
        then={ONE: [(1, "5", None, None)], "SELECT size(l) FROM s WHERE id = 2": [(0,)]},
    ),
    Row(
        "INSERT INTO s SELECT 1, collect_list(struct(a, b)), struct(7, 'q') FROM n WHERE a = 1",
        AFFECTED_ROWS,
        [(1, 1)],
        given=STRUCTS,
        then={ONE: [(1, "one", 7, "q")]},
    ),
    Row(
        "INSERT INTO s VALUES (DEFAULT, DEFAULT, DEFAULT)",
        AFFECTED_ROWS,
        [(1, 1)],
        given=STRUCTS,
        then={"SELECT count(*) FROM s WHERE id IS NULL AND l IS NULL AND m IS NULL": [(1,)]},
    ),
    Row(
        "INSERT INTO s BY NAME SELECT named_struct('b', 'x', 'a', 1) AS m, 1 AS id",
        AFFECTED_ROWS,
        [(1, 1)],
        given=STRUCTS,
        then={"SELECT m.a, m.b FROM s": [(1, "x")]},
    ),
    Row(
        "INSERT INTO k VALUES (map('k', named_struct('x', 1)), struct(array(struct(2))))",
        AFFECTED_ROWS,
        [(1, 1)],
        given=(
            "CREATE TABLE k (m MAP<STRING, STRUCT<a: INT>>, s STRUCT<l: ARRAY<STRUCT<b: INT>>>)",
        ),
        then={"SELECT m['k'].a, s.l[0].b FROM k": [(1, 2)]},
    ),
    Row(
        "INSERT INTO n SELECT * FROM (SELECT a FROM n) l JOIN (SELECT 'x' AS a) r ON true",
        AFFECTED_ROWS,
        [(2, 2)],
        then={"SELECT a FROM n WHERE b = 'x'": [(1,), (2,)]},
    ),
    Row(
        "WITH c AS (SELECT 8 AS k, 'x' AS b) INSERT INTO n SELECT * FROM c",
        AFFECTED_ROWS,
        [(1, 1)],
        then={"SELECT * FROM n WHERE a = 8": [(8, "x")]},
    ),
]
MANY, FEW = (f"INSERT_COLUMN_ARITY_MISMATCH.{n}_DATA_COLUMNS" for n in ("TOO_MANY", "NOT_ENOUGH"))
REFUSALS = [
    Refusal("INSERT INTO n SELECT *, 1 FROM n", "DELTA_METADATA_MISMATCH", "has 2 column.*has 3"),
    Refusal("INSERT INTO n (a) SELECT * FROM n", MANY, "too many data columns"),
    Refusal("INSERT INTO n (a, b) SELECT * FROM (SELECT 1 AS a)", FEW, "not enough data columns"),
    Refusal(
        "INSERT OVERWRITE n SELECT * FROM (SELECT 1 AS a)",
        "DELTA_INSERT_COLUMN_ARITY_MISMATCH",
        "has 2 column.*has 1 column",
    ),
    Refusal("INSERT INTO n SELECT * FROM absent", "TABLE_OR_VIEW_NOT_FOUND", "absent"),
    Refusal(
        "INSERT INTO s VALUES (1, array(struct(1, 'a')), 'text')",
        "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
        "cannot be cast",
        given=STRUCTS,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
