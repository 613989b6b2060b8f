"""SQL text made from a tree is what the user wrote, so the engine gives the same columns and rows."""

from __future__ import annotations

import pytest

from lakelab.local.sql.dialect import parse, to_sql

SAME = """
SELECT 1
SELECT 1 + 2 * 3 - 4 / 2, 2 * (3 + 4), 10 - (5 - 2), 2 * -3, -(2 + 3), - -id, ~id, 5 & 3 | 8 ^ 1, 7 DIV 2, 7 % 3
SELECT NOT TRUE AND FALSE, NOT (TRUE AND FALSE), TRUE OR FALSE AND FALSE, a <=> NULL, a << 2, a >> 1
SELECT a IS NULL, a IS NOT NULL, NOT a IS NULL, a IS TRUE, a IS NOT FALSE, a IS DISTINCT FROM 1
SELECT a IN (1, 2), a NOT IN (1), NOT a IN (1), a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, (a, b) IN (SELECT c, d FROM u)
SELECT s LIKE 'a%', s NOT LIKE 'a%', s ILIKE 'A', s RLIKE '^a', s NOT RLIKE '^a', s LIKE ANY ('a', 'b'), a = ANY(SELECT 1), s LIKE 'a!_%' ESCAPE '!'
SELECT 'a\\nb', 'a\\\\b', 'é', '%', '"'
SELECT substring(s, 2), substr(s, 1, 2), trim(s), TRIM(BOTH 'a' FROM s), initcap(s), chr(97), position('b', s), Nvl(a, 0)
SELECT OVERLAY(s PLACING 'Z' FROM 1 FOR 1), EXTRACT(YEAR FROM d), CAST(a AS STRING), TRY_CAST(s AS INT)
SELECT DATE'2024-01-01', TIMESTAMP'2024-01-01 00:00:00', CAST('2024-01-01' AS DATE), date('2024-01-01')
SELECT array(1, 2)[1], map('a', 1)['a'], named_struct('a', 1).a, array(array(1))[0][0], st.x, a[0], m['k']
SELECT transform(a, x -> x + 1), aggregate(a, 0, (acc, x) -> acc + x), exists(a, x -> x = 1)
SELECT percentile_approx(v, 0.5), max_by(a, v), first(s), count(DISTINCT a, s), decode(1, 1, 'one', 'x'), string_agg(s, ',')
SELECT count(*) FILTER(WHERE a > 1), listagg(s, ',') WITHIN GROUP (ORDER BY a)
SELECT window(ts, '1 hour'), count(*) FROM t GROUP BY window(ts, '1 hour')
SELECT a, count(*) FROM t GROUP BY a, window(ts, '1 day', '1 hour') WINDOW w AS (PARTITION BY a)
SELECT lag(v) IGNORE NULLS OVER (PARTITION BY b ORDER BY a DESC), any(b) OVER (), sum(v) OVER w FROM t WINDOW w AS (ORDER BY a)
SELECT * FROM t VERSION AS OF 1
SELECT * FROM t TIMESTAMP AS OF '2024-01-01' AS x
SELECT /*+ BROADCAST(u) */ a FROM t JOIN u ON t.a = u.a
SELECT a, x FROM t LATERAL VIEW OUTER EXPLODE(a) e AS x
SELECT DISTINCT s FROM t ORDER BY s NULLS LAST LIMIT 2 OFFSET 1
SELECT a FROM t LEFT ANTI JOIN u USING (a) UNION ALL (SELECT a FROM u EXCEPT SELECT 1)
INSERT INTO t WITH c AS (SELECT 1) SELECT * FROM c
CREATE TABLE t AS WITH c AS (SELECT 1) SELECT * FROM (WITH c AS (SELECT 2) SELECT * FROM c)
WITH c(x) AS (SELECT a FROM t) SELECT * FROM c
SELECT * FROM VALUES (1, 'a'), (2, 'b') AS v(n, c)
"""

OTHER = [
    ("SELECT 'it''s', 'a' 'b'", "SELECT 'it\\'s', 'ab'"),
    ("SELECT a IS NOT DISTINCT FROM 1", "SELECT a <=> 1"),
    ("SELECT s REGEXP 'a'", "SELECT s RLIKE 'a'"),
    ("SELECT substring(s FROM 1 FOR 2)", "SELECT SUBSTRING(s, 1, 2)"),
    ("SELECT DATE '2024-01-01'::STRING", "SELECT CAST(DATE'2024-01-01' AS STRING)"),
    ("SELECT * FROM t FOR SYSTEM_VERSION AS OF 1", "SELECT * FROM t VERSION AS OF 1"),
    ("SELECT * FROM t VERSION /* one */ AS -- two\n OF 1", "SELECT * FROM t VERSION AS OF 1"),
    ("TABLE t", "SELECT * FROM t"),
    ("TABLE a.t UNION ALL TABLE u", "SELECT * FROM a.t UNION ALL SELECT * FROM u"),
    ("INSERT INTO TABLE t TABLE u", "INSERT INTO t SELECT * FROM u"),
]


@pytest.mark.parametrize("text", SAME.strip().splitlines())
def test_a_statement_is_written_as_it_was(text):
    assert to_sql(parse(text).tree) == text


@pytest.mark.parametrize(("text", "written"), OTHER)
def test_a_statement_that_is_written_in_other_words(text, written):
    assert to_sql(parse(text).tree) == written
