"""Names of tables in a statement are brought to lower case; all else stays as the user wrote it."""

from __future__ import annotations

import pytest

from lakelab.local.sql.relation_names import lower_relation_names


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("SELECT A FROM t WHERE B = 'T'", None),
        ("SELECT T.A FROM t AS T", None),
        ("SELECT * FROM parquet.`Data`, delta.`/A/B`, range(3) R", None),
        ("SELECT F(X) AS Y, St.X FROM t", None),
        ("SELECT FROM WHERE T", None),
        ("-- T\nSELECT /* T */ X FROM T; ", "-- T\nSELECT /* T */ X FROM `t`; "),
        ("SELECT a.X FROM T A", "SELECT `A`.X FROM `t` A"),
        ("SELECT RT.T.X FROM RT.T", "SELECT `rt`.`t`.X FROM `rt`.`t`"),
        ("DELETE FROM `A b`.T WHERE T.X", "DELETE FROM `a b`.`t` WHERE `t`.X"),
        (
            "UPDATE T SET T.X = (SELECT max(X) FROM U)",
            "UPDATE `t` SET `t`.X = (SELECT max(X) FROM `u`)",
        ),
        ("CREATE TEMP VIEW V AS SELECT * FROM T", "CREATE TEMP VIEW `v` AS SELECT * FROM `t`"),
        ("CREATE TABLE T (X INT)", "CREATE TABLE `t` (X INT)"),
        ("EXPLAIN EXTENDED SELECT * FROM T", "EXPLAIN EXTENDED SELECT * FROM `t`"),
        ("WITH C AS (SELECT 1 X) SELECT c.* FROM c", "WITH `c` AS (SELECT 1 X) SELECT c.* FROM c"),
        ("SELECT * FROM T VERSION AS OF 1", "SELECT * FROM `t` VERSION AS OF 1"),
    ],
)
def test_names_of_tables_in_lower_case(text, lowered):
    assert lower_relation_names(text) == (lowered or text)
