"""Every SQL statement of Unity Catalog and Delta that the local Databricks knows, and every refusal.

A row of ``STATEMENTS`` says what comes back from a statement and what has changed after it, a row of
``REFUSALS`` which error condition it ends in, and with which words. ``{s}`` is a fresh schema of ``main``, the
current one, which has the two tables of ``TABLES``.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyspark.errors import IllegalArgumentException, ParseException, PySparkException

from lakelab.local.workspace import DEFAULT_USER, Governance, Securable

TABLES = {
    "t": (
        "CREATE TABLE t (id BIGINT NOT NULL COMMENT 'which', ts TIMESTAMP NOT NULL, x DOUBLE, "
        "CONSTRAINT t_pk PRIMARY KEY (id, ts TIMESERIES)) COMMENT 'about t' "
        "TBLPROPERTIES ('team' = 'ml')",
        "INSERT INTO t VALUES (1, TIMESTAMP '2013-01-01 10:00:00', 1.5)",
        "INSERT INTO t VALUES (2, TIMESTAMP '2013-01-01 11:00:00', 2.5)",
    ),
    "n": (
        "CREATE TABLE n (a INT, b STRING)",
        "INSERT INTO n VALUES (1, 'one'), (2, NULL)",
    ),
}
HISTORY = (
    "version timestamp userId userName operation operationParameters job notebook clusterId "
    "readVersion isolationLevel isBlindAppend operationMetrics userMetadata engineInfo"
)
DETAIL = (
    "format id name description location createdAt lastModified partitionColumns clusteringColumns "
    "numFiles sizeInBytes properties minReaderVersion minWriterVersion tableFeatures"
)
RESTORED = (
    "table_size_after_restore num_of_files_after_restore num_removed_files num_restored_files "
    "removed_files_size restored_files_size"
)
GRANTS = "principal actionType objectType objectKey"
DESCRIBED = "col_name data_type comment"
BEN = "ben@example.com"


class _Any:
    """Whatever comes back."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


ANY = _Any()


@dataclass(frozen=True)
class Row:
    """One statement, and what it does.

    Attributes
    ----------
    sql : str
    columns : str
        The names of what comes back.
    rows : list of tuple, optional
        What comes back, in any order; None where it is not looked at.
    then : dict
        Queries and their rows afterwards.
    given : tuple of str
        Statements before it.
    """

    sql: str
    columns: str = ""
    rows: list[tuple[Any, ...]] | None = field(default_factory=list)
    then: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    given: tuple[str, ...] = ()


KEYS = (
    "SELECT constraint_name, column_name, ordinal_position FROM information_schema.key_column_usage "
    "WHERE table_schema = '{schema}' AND table_name = '{table}'"
)
NULLABLE = (
    "SELECT column_name, is_nullable FROM information_schema.columns "
    "WHERE table_schema = '{schema}' AND table_name = '{table}'"
)
COMMENT = (
    "SELECT comment FROM information_schema.tables "
    "WHERE table_schema = '{schema}' AND table_name = '{table}'"
)
TAGS = (
    "SELECT tag_name, tag_value FROM information_schema.table_tags WHERE schema_name = '{schema}'"
)
COLUMN_TAGS = (
    "SELECT column_name, tag_name, tag_value FROM information_schema.column_tags "
    "WHERE schema_name = '{schema}'"
)


def of(query: str, table: str) -> str:
    return query.replace("{table}", table)


FILLED = "num_affected_rows num_inserted_rows"
CREATE = [
    Row(
        "CREATE TABLE new (id BIGINT NOT NULL PRIMARY KEY, x DOUBLE COMMENT 'the x') COMMENT 'it\\'s new' "
        "TBLPROPERTIES ('quality' = 'gold')",
        then={
            "DESCRIBE new": [("id", "bigint", None), ("x", "double", "the x")],
            of(KEYS, "new"): [("new_pk", "id", 1)],
            of(NULLABLE, "new"): [("id", "NO"), ("x", "YES")],
            of(COMMENT, "new"): [("it's new",)],
            "SHOW TBLPROPERTIES new": [("quality", "gold")],
        },
    ),
    Row(
        "CREATE TABLE main.{schema}.new (a INT NOT NULL, b DATE NOT NULL, "
        "CONSTRAINT k PRIMARY KEY (b TIMESERIES, a) RELY)",
        then={of(KEYS, "new"): [("k", "b", 1), ("k", "a", 2)]},
    ),
    Row(
        "CREATE TABLE new (a INT NOT NULL CONSTRAINT mine PRIMARY KEY)",
        then={of(KEYS, "new"): [("mine", "a", 1)]},
    ),
    Row(
        "CREATE TABLE IF NOT EXISTS t (other STRING)",
        then={"SHOW COLUMNS IN t": [("id",), ("ts",), ("x",)]},
    ),
    Row(
        "CREATE TABLE new AS SELECT a, b FROM n",
        FILLED,
        then={"SELECT * FROM new": [(1, "one"), (2, None)]},
    ),
    Row(
        "CREATE TABLE new COMMENT 'copied' TBLPROPERTIES ('quality' = 'gold') AS SELECT a FROM n",
        FILLED,
        then={
            of(COMMENT, "new"): [("copied",)],
            "SHOW TBLPROPERTIES new": [("quality", "gold")],
        },
    ),
    Row(
        "CREATE OR REPLACE TABLE t AS SELECT 'x' AS y, 2 AS z",
        FILLED,
        then={
            "SELECT * FROM t": [("x", 2)],
            of(KEYS, "t"): [],
            of(COMMENT, "t"): [(None,)],
            "SHOW TBLPROPERTIES t": [],
            "SELECT count(*) FROM t VERSION AS OF 2": [(2,)],
            TAGS: [("kept", "yes")],
        },
        given=("ALTER TABLE t SET TAGS ('kept' = 'yes')",),
    ),
    Row(
        "CREATE OR REPLACE TABLE t COMMENT 'half' AS SELECT id, x / 2 AS x FROM t",
        FILLED,
        then={"SELECT * FROM t": [(1, 0.75), (2, 1.25)], of(COMMENT, "t"): [("half",)]},
    ),
    Row(
        "CREATE OR REPLACE TABLE t (a INT NOT NULL, b STRING COMMENT 'b', CONSTRAINT k PRIMARY KEY (a)) "
        "TBLPROPERTIES ('quality' = 'gold')",
        then={
            "SELECT * FROM t": [],
            of(KEYS, "t"): [("k", "a", 1)],
            of(NULLABLE, "t"): [("a", "NO"), ("b", "YES")],
            "SHOW TBLPROPERTIES t": [("quality", "gold")],
            "SELECT count(*) FROM t VERSION AS OF 2": [(2,)],
        },
    ),
    Row(
        "CREATE OR REPLACE TABLE new AS SELECT 1 AS x",
        FILLED,
        then={"SELECT * FROM new": [(1,)]},
    ),
    Row("DROP TABLE n", then={"SHOW TABLES LIKE 'n'": []}),
    Row("DROP TABLE IF EXISTS absent"),
]
CONSTRAINTS = [
    Row(
        "ALTER TABLE n ADD CONSTRAINT n_pk PRIMARY KEY (a)",
        then={of(KEYS, "n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row(
        "ALTER TABLE n ADD PRIMARY KEY (A)",
        then={of(KEYS, "n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row("ALTER TABLE t DROP CONSTRAINT T_PK", then={of(KEYS, "t"): []}),
    Row("ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pk CASCADE", then={of(KEYS, "t"): []}),
    Row("ALTER TABLE t DROP PRIMARY KEY", then={of(KEYS, "t"): []}),
    Row("ALTER TABLE n DROP PRIMARY KEY IF EXISTS"),
    Row("ALTER TABLE n DROP CONSTRAINT IF EXISTS absent"),
    Row(
        "ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",
        then={
            "SELECT constraint_name, constraint_type, enforced FROM "
            "information_schema.table_constraints WHERE table_name = 'n'": [
                ("positive", "CHECK", "YES")
            ]
        },
    ),
    Row(
        "ALTER TABLE n DROP CONSTRAINT positive",
        then={"SELECT count(*) FROM n WHERE a < 0": [(0,)], "SHOW TBLPROPERTIES n": []},
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
]
COLUMNS = [
    Row(
        "ALTER TABLE n ALTER COLUMN a SET NOT NULL",
        then={of(NULLABLE, "n"): [("a", "NO"), ("b", "YES")]},
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN a DROP NOT NULL",
        then={of(NULLABLE, "n"): [("a", "YES"), ("b", "YES")]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN b COMMENT 'the b'",
        then={"DESCRIBE n": [("a", "int", None), ("b", "string", "the b")]},
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN a COMMENT 'the a', `b` COMMENT 'the b'",
        then={"DESCRIBE n": [("a", "int", "the a"), ("b", "string", "the b")]},
    ),
    Row(
        "ALTER TABLE n ADD COLUMN c DOUBLE COMMENT 'the c'",
        then={
            "DESCRIBE n": [("a", "int", None), ("b", "string", None), ("c", "double", "the c")],
            "SELECT * FROM n": [(1, "one", None), (2, None, None)],
        },
    ),
    Row(
        "ALTER TABLE n ADD COLUMNS (c DECIMAL(9,2) AFTER a, d STRUCT<q: BIGINT, r: ARRAY<STRING>> FIRST)",
        then={
            "DESCRIBE n": [
                ("d", "struct<q:bigint,r:array<string>>", None),
                ("a", "int", None),
                ("c", "decimal(9,2)", None),
                ("b", "string", None),
            ]
        },
    ),
    Row(
        "ALTER TABLE n ADD COLUMN IF NOT EXISTS A STRING",
        then={"SHOW COLUMNS IN n": [("a",), ("b",)]},
    ),
]
ALLOW_DEFAULTS = (
    "ALTER TABLE n SET TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
)
DEFAULTS = [
    Row(
        "ALTER TABLE n ALTER COLUMN b SET DEFAULT concat('no', 'ne')",
        then={
            "SELECT column_name, column_default FROM information_schema.columns "
            "WHERE table_schema = '{schema}' AND table_name = 'n'": [
                ("a", None),
                ("b", "CONCAT('no', 'ne')"),
            ],
            "INSERT INTO n (a) VALUES (3)": [(1, 1)],
            "INSERT INTO n VALUES (4, DEFAULT)": [(1, 1)],
            "SELECT * FROM n WHERE a > 2": [(3, "none"), (4, "none")],
            "OPTIMIZE n": [ANY],
        },
        given=(ALLOW_DEFAULTS,),
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN b DROP DEFAULT",
        then={
            "INSERT INTO n (a) VALUES (3)": [(1, 1)],
            "SELECT b FROM n WHERE a > 2": [(None,)],
        },
        given=(ALLOW_DEFAULTS, "ALTER TABLE n ALTER COLUMN b SET DEFAULT 'none'"),
    ),
    Row(
        "CREATE TABLE new (a INT, b DOUBLE NOT NULL DEFAULT 0.5 COMMENT 'half') "
        "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
        then={
            "INSERT INTO new (a) SELECT a FROM n": [(2, 2)],
            "SELECT * FROM new": [(1, 0.5), (2, 0.5)],
            "ALTER TABLE new SET TBLPROPERTIES ('team' = 'ml')": [],
            "SHOW TBLPROPERTIES new ('team')": [("team", "ml")],
        },
    ),
]
CHANGED = "num_affected_rows"
MERGED = "num_affected_rows num_updated_rows num_deleted_rows num_inserted_rows"
ROWS = [
    Row("INSERT INTO n VALUES (3, 'three'), (4, NULL)", FILLED, [(2, 2)]),
    Row(
        "INSERT INTO n (b) SELECT b FROM n WHERE a = 1",
        FILLED,
        [(1, 1)],
        then={"SELECT * FROM n": [(1, "one"), (2, None), (None, "one")]},
    ),
    Row(
        "INSERT INTO {s}.t (TS, `id`) VALUES (TIMESTAMP '2013-01-02', 3), (TIMESTAMP '2013-01-02', 4);",
        FILLED,
        [(2, 2)],
        then={"SELECT id, x FROM t": [(1, 1.5), (2, 2.5), (3, None), (4, None)]},
    ),
    Row(
        "INSERT OVERWRITE TABLE n (a) WITH c AS (SELECT 7 AS a) SELECT a FROM c",
        FILLED,
        [(1, 1)],
        then={"SELECT * FROM n": [(7, None)]},
    ),
    Row(
        "UPDATE n SET b = 'uno' WHERE a = 1",
        CHANGED,
        [(1,)],
        then={"SELECT * FROM n": [(1, "uno"), (2, None)]},
    ),
    Row("UPDATE n SET b = 'uno' WHERE a = 9", CHANGED, [(0,)]),
    Row("DELETE FROM n WHERE a = 1", CHANGED, [(1,)], then={"SELECT a FROM n": [(2,)]}),
    Row("-- all\nDELETE FROM {s}.n", CHANGED, [(2,)], then={"SELECT a FROM n": []}),
    Row(
        "MERGE INTO n USING (SELECT 1 AS a, 'uno' AS b UNION ALL SELECT 3, 'tres') m ON n.a = m.a "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * "
        "WHEN NOT MATCHED BY SOURCE THEN DELETE",
        MERGED,
        [(3, 1, 1, 1)],
        then={"SELECT * FROM n": [(1, "uno"), (3, "tres")]},
    ),
    Row(
        "MERGE INTO n USING (SELECT 9 AS a) m ON n.a = m.a WHEN MATCHED THEN DELETE",
        MERGED,
        [(0, 0, 0, 0)],
    ),
    Row("TRUNCATE TABLE n", then={"SELECT a FROM n": [], "SELECT count(*) FROM t": [(2,)]}),
    Row("REFRESH TABLE n"),
]
NAMES = [
    Row(
        "ALTER TABLE n RENAME TO m",
        then={
            "SELECT * FROM m": [(1, "one"), (2, None)],
            "SHOW TABLES": [(ANY, "m", False), (ANY, "t", False)],
            "SHOW GRANTS ON TABLE m": [(BEN, "SELECT", "TABLE", "{s}.m")],
            TAGS: [("kept", "yes")],
        },
        given=(
            "ALTER TABLE n SET TAGS ('kept' = 'yes')",
            f"GRANT SELECT ON TABLE n TO `{BEN}`",
        ),
    ),
    Row("ALTER TABLE {s}.n RENAME TO {s}.`m`", then={"SELECT a FROM m": [(1,), (2,)]}),
    Row("CREATE VIEW v AS SELECT a FROM n", then={"SELECT * FROM v": [(1,), (2,)]}),
    Row("DROP VIEW v", given=("CREATE VIEW v AS SELECT a FROM n",)),
]
CLUSTERING = [
    Row(
        "CREATE TABLE new (a INT NOT NULL PRIMARY KEY, b STRING) CLUSTER BY (B, a) COMMENT 'near'",
        then={
            "DESCRIBE DETAIL new": [(*[ANY] * 8, ["b", "a"], *[ANY] * 6)],
            "DESCRIBE new": [
                ("a", "int", None),
                ("b", "string", None),
                ("# Clustering Information", "", ""),
                ("# col_name", "data_type", "comment"),
                ("b", "string", None),
                ("a", "int", None),
            ],
            "SHOW TBLPROPERTIES new": [],
            of(KEYS, "new"): [("new_pk", "a", 1)],
        },
    ),
    Row(
        "CREATE TABLE new CLUSTER BY (a) AS SELECT * FROM n",
        FILLED,
        then={
            "DESCRIBE DETAIL new": [(*[ANY] * 8, ["a"], *[ANY] * 6)],
            "SELECT * FROM new": [(1, "one"), (2, None)],
        },
    ),
    Row(
        "CREATE OR REPLACE TABLE n AS SELECT 1 AS a",
        FILLED,
        then={"DESCRIBE DETAIL n": [(*[ANY] * 8, [], *[ANY] * 6)]},
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
    Row(
        "ALTER TABLE n CLUSTER BY(a, `B`)",
        then={
            "DESCRIBE DETAIL n": [(*[ANY] * 8, ["a", "b"], *[ANY] * 6)],
            "OPTIMIZE n": [ANY],
            "SELECT a FROM n": [(1,), (2,)],
        },
    ),
    Row(
        "ALTER TABLE n CLUSTER BY NONE",
        then={"DESCRIBE DETAIL n": [(*[ANY] * 8, [], *[ANY] * 6)]},
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
]
TAGS_AND_COMMENTS = [
    Row(
        "ALTER TABLE t SET TAGS ('team' = 'data, science', 'pii')",
        then={TAGS: [("pii", ""), ("team", "data, science")]},
    ),
    Row(
        "ALTER TABLE {s}.t UNSET TAGS ('pii', 'absent')",
        then={TAGS: [("team", "ops")]},
        given=("ALTER TABLE t SET TAGS ('team' = 'ops', 'pii' = 'no')",),
    ),
    Row(
        "ALTER TABLE t ALTER COLUMN x SET TAGS ('unit' = 'F')",
        then={COLUMN_TAGS: [("x", "unit", "F")]},
    ),
    Row(
        "ALTER TABLE t ALTER COLUMN X UNSET TAGS ('unit')",
        then={COLUMN_TAGS: []},
        given=("ALTER TABLE t ALTER COLUMN x SET TAGS ('unit' = 'F')",),
    ),
    Row("ALTER SCHEMA {s} SET TAGS ('team' = 'ops')"),
    Row("ALTER SCHEMA {s} UNSET TAGS ('team')"),
    Row("COMMENT ON TABLE t IS 'it\\'s \"new\"'", then={of(COMMENT, "t"): [('it\'s "new"',)]}),
    Row("COMMENT ON TABLE t IS NULL", then={of(COMMENT, "t"): [(None,)]}),
    Row(
        "COMMENT ON COLUMN t.x IS 'degrees'",
        then={"DESCRIBE t x": [("col_name", "x"), ("data_type", "double"), ("comment", "degrees")]},
    ),
    Row(
        "COMMENT ON COLUMN {s}.t.id IS NULL",
        then={"DESCRIBE t id": [("col_name", "id"), ("data_type", "bigint"), ("comment", "NULL")]},
    ),
    Row(
        "COMMENT ON SCHEMA {s} IS 'ours'",
        then={"DESCRIBE SCHEMA {s}": [ANY, ANY, ("Comment", "ours"), ANY, ANY]},
    ),
    Row(
        "COMMENT ON DATABASE {schema} IS NULL",
        then={"DESCRIBE SCHEMA {s}": [ANY, ANY, ("Comment", ""), ANY, ANY]},
        given=("COMMENT ON SCHEMA {s} IS 'ours'",),
    ),
    Row("COMMENT ON CATALOG dev IS NULL"),
]
DESCRIBE = [
    Row(
        "DESCRIBE TABLE t",
        DESCRIBED,
        [("id", "bigint", "which"), ("ts", "timestamp", None), ("x", "double", None)],
    ),
    Row("DESC EXTENDED t", DESCRIBED, None),
    Row("DESCRIBE FORMATTED t", DESCRIBED, None),
    Row("DESC EXTENDED t x", "info_name info_value", None),
    Row("DESCRIBE HISTORY t", HISTORY, [(v, *[ANY] * 14) for v in (2, 1, 0)]),
    Row("DESC HISTORY {s}.t LIMIT 1", HISTORY, [(2, *[ANY] * 14)]),
    Row(
        "DESCRIBE DETAIL t", DETAIL, [("delta", ANY, "{s}.t", "about t", *[ANY] * 5, 2, *[ANY] * 5)]
    ),
    Row(
        "DESCRIBE CATALOG dev",
        "info_name info_value",
        [("Catalog Name", "dev"), ("Comment", ANY), ("Owner", DEFAULT_USER)],
    ),
    Row("DESC CATALOG EXTENDED `dev` ;", "info_name info_value", None),
    Row(
        "DESCRIBE DATABASE EXTENDED `{schema}`",
        "database_description_item database_description_value",
        [
            ("Catalog Name", "main"),
            ("Namespace Name", "{schema}"),
            ("Comment", ""),
            ("Location", ANY),
            ("Owner", DEFAULT_USER),
            ("Properties", ""),
        ],
    ),
    Row("SHOW TBLPROPERTIES t", "key value", [("team", "ml")]),
    Row("SHOW TBLPROPERTIES t ('team')", "key value", [("team", "ml")]),
    Row(
        "SHOW TBLPROPERTIES t (no.such)",
        "key value",
        [("no.such", "Table {s}.t does not have property: no.such")],
    ),
    Row("SHOW CREATE TABLE t", "createtab_stmt", None),
    Row("SHOW CATALOGS LIKE 'm*|DEV'", "catalog", [("dev",), ("main",)]),
    Row("SHOW SCHEMAS IN main LIKE '{schema}'", "databaseName", [("{schema}",)]),
    Row("SHOW DATABASES FROM dev 'i*'", "databaseName", [("information_schema",)]),
    Row(
        "SHOW TABLES",
        "database tableName isTemporary",
        [("{schema}", "n", False), ("{schema}", "t", False)],
    ),
    Row(
        "SHOW TABLES IN {s} LIKE 't*'", "database tableName isTemporary", [("{schema}", "t", False)]
    ),
    Row("SHOW COLUMNS IN t", "col_name", [("id",), ("ts",), ("x",)]),
    Row("SHOW COLUMNS FROM n IN {schema}", "col_name", [("a",), ("b",)]),
    Row("SHOW VIEWS", "namespace viewName isTemporary", []),
]
PROPERTIES = [
    Row(
        "ALTER TABLE t SET TBLPROPERTIES ('quality' = 'gold', delta.enableChangeDataFeed = true)",
        then={
            "SHOW TBLPROPERTIES t": [
                ("delta.enableChangeDataFeed", "true"),
                ("quality", "gold"),
                ("team", "ml"),
            ]
        },
    ),
    Row("ALTER TABLE t UNSET TBLPROPERTIES ('team')", then={"SHOW TBLPROPERTIES t": []}),
    Row("ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS ('absent')"),
]
FILES = [
    Row(
        "OPTIMIZE t",
        "path metrics",
        None,
        then={"SELECT id FROM t": [(1,), (2,)], "DESCRIBE DETAIL t": [(*[ANY] * 9, 1, *[ANY] * 5)]},
    ),
    Row("optimize {s}.t zorder by (`x`, id);", "path metrics", None),
    Row("VACUUM t", "path", [(ANY,)], then={"SELECT count(*) FROM t VERSION AS OF 1": [(1,)]}),
    Row("VACUUM t RETAIN 200 HOURS DRY RUN", "path", []),
    Row(
        "VACUUM n RETAIN 0 HOURS DRY RUN",
        "path",
        [(ANY,)],
        given=("DELETE FROM n", "SET {check} = false"),
    ),
    Row(
        "VACUUM n LITE RETAIN 1 HOURS",
        "path",
        [(ANY,)],
        given=(
            "ALTER TABLE n SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval 1 hour')",
        ),
    ),
    Row(
        "RESTORE TABLE t TO VERSION AS OF 1",
        RESTORED,
        [(ANY, 1, 1, 0, ANY, 0)],
        then={
            "SELECT id FROM t": [(1,)],
            TAGS: [("kept", "yes")],
            of(KEYS, "t"): [("t_pk", "id", 1), ("t_pk", "ts", 2)],
            "SHOW COLUMNS IN t": [("id",), ("ts",), ("x",)],
        },
        given=("ALTER TABLE t ADD COLUMN y INT", "ALTER TABLE t SET TAGS ('kept' = 'yes')"),
    ),
    Row(
        "RESTORE n TIMESTAMP AS OF (SELECT timestamp '{first}')",
        RESTORED,
        [(0, 0, 1, 0, ANY, 0)],
        then={"SELECT * FROM n": []},
    ),
]
SCHEMAS = [
    Row("USE {s}", then={"SELECT current_catalog(), current_database()": [("main", "{schema}")]}),
    Row("USE SCHEMA default", then={"SELECT current_database()": [("default",)]}),
    Row(
        "USE CATALOG dev",
        then={"SELECT current_catalog(), current_database()": [("dev", "default")]},
    ),
    Row("SET CATALOG `dev`", then={"SELECT current_catalog()": [("dev",)]}),
    Row("USE dev", then={"SELECT current_catalog()": [("dev",)]}),
    Row("USE DATABASE dev.default", then={"SELECT current_catalog()": [("dev",)]}),
    Row("SET spark.lakelab.test = 1", "key value", [("spark.lakelab.test", "1")]),
    Row("SET spark.lakelab.absent", "key value", [("spark.lakelab.absent", "<undefined>")]),
    Row(
        "CREATE SCHEMA {s}_more COMMENT 'more'",
        then={"DESCRIBE SCHEMA {s}_more": [ANY, ANY, ("Comment", "more"), ANY, ANY]},
    ),
    Row("CREATE DATABASE IF NOT EXISTS {s} COMMENT 'again'", then={"SHOW TABLES IN {s}": []}),
    Row("CREATE CATALOG IF NOT EXISTS main"),
    Row("DROP SCHEMA {s} CASCADE", then={"SHOW SCHEMAS LIKE '{schema}'": []}),
    Row("DROP DATABASE IF EXISTS main.absent RESTRICT"),
    Row("DROP CATALOG IF EXISTS absent"),
]
TO_BEN = (
    "GRANT SELECT, MODIFY ON TABLE t TO `ben@example.com`",
    "GRANT USE SCHEMA ON SCHEMA {s} TO `ben@example.com`",
)
GRANT = [
    Row(
        "GRANT SELECT, MODIFY ON TABLE t TO `ben@example.com`",
        then={
            "SHOW GRANTS ON t": [
                (BEN, "MODIFY", "TABLE", "{s}.t"),
                (BEN, "SELECT", "TABLE", "{s}.t"),
            ]
        },
    ),
    Row(
        "GRANT ALL PRIVILEGES ON SCHEMA {schema} TO `account users`",
        then={
            "SHOW GRANTS ON TABLE t": [("account users", "ALL PRIVILEGES", "SCHEMA", "{s}")],
            "SHOW GRANTS `ben@example.com` ON SCHEMA {s}": [],
        },
    ),
    Row(
        "GRANT USE CATALOG ON CATALOG dev TO analysts",
        then={
            "SHOW GRANTS analysts ON CATALOG dev": [("analysts", "USE CATALOG", "CATALOG", "dev")]
        },
    ),
    Row(
        "GRANT EXECUTE ON FUNCTION f TO `ben@example.com`",
        then={"SHOW GRANTS ON FUNCTION {s}.f": [(BEN, "EXECUTE", "FUNCTION", "{s}.f")]},
        given=("CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1",),
    ),
    Row(
        "REVOKE MODIFY ON t FROM `ben@example.com`",
        then={
            "SHOW GRANT `ben@example.com` ON TABLE t": [
                (BEN, "SELECT", "TABLE", "{s}.t"),
                (BEN, "USE SCHEMA", "SCHEMA", "{s}"),
            ]
        },
        given=TO_BEN,
    ),
    Row(
        "REVOKE ALL PRIVILEGES ON TABLE t FROM `ben@example.com`",
        then={"SHOW GRANTS ON TABLE t": [(BEN, "USE SCHEMA", "SCHEMA", "{s}")]},
        given=TO_BEN,
    ),
    Row("SHOW GRANTS ON SCHEMA {s}", GRANTS, [(BEN, "USE SCHEMA", "SCHEMA", "{s}")], given=TO_BEN),
    Row(
        "ALTER TABLE t SET OWNER TO `ben@example.com`",
        then={
            "SELECT table_owner FROM information_schema.tables WHERE table_name = 't' "
            "AND table_schema = '{schema}'": [(BEN,)]
        },
    ),
]
STATEMENTS = [
    *CREATE,
    *CONSTRAINTS,
    *COLUMNS,
    *DEFAULTS,
    *ROWS,
    *NAMES,
    *CLUSTERING,
    *TAGS_AND_COMMENTS,
    *DESCRIBE,
    *PROPERTIES,
    *FILES,
    *SCHEMAS,
    *GRANT,
]


@dataclass(frozen=True)
class Refusal:
    """One statement that is refused: the error's condition, some of its words, and its class."""

    sql: str
    condition: str | None
    words: str
    error: type[PySparkException] = PySparkException
    given: tuple[str, ...] = ()


NO_TABLE, NO_COLUMN = "TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVED_COLUMN.WITH_SUGGESTION"
NO_SCHEMA, NO_CATALOG = "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION"
INVALID = "INVALID_PARAMETER_VALUE"
REFUSALS = [
    Refusal("CREATE TABLE t (id INT)", "TABLE_OR_VIEW_ALREADY_EXISTS", "already exists"),
    Refusal("CREATE TABLE absent.t (id INT)", NO_SCHEMA, "CREATE SCHEMA main.absent"),
    Refusal(
        "CREATE TABLE `two words` (id INT)",
        INVALID,
        "'two words' must have.*no period, slash, space",
    ),
    Refusal("CREATE TABLE `größe` (id INT)", None, "letters without accents"),
    Refusal("CREATE SCHEMA main.`two words`", INVALID, "'two words' must have"),
    Refusal("CREATE TABLE new (id BIGINT, PRIMARY KEY (id))", None, "nullable.*NOT NULL"),
    Refusal("CREATE TABLE new (id BIGINT PRIMARY KEY)", None, "nullable"),
    Refusal(
        "CREATE TABLE new (id INT NOT NULL, PRIMARY KEY (key))", NO_COLUMN, "'key'.*It has: id"
    ),
    Refusal(
        "CREATE TABLE new (a DATE NOT NULL, b DATE NOT NULL, PRIMARY KEY (a TIMESERIES, b TIMESERIES))",
        None,
        "at most one TIMESERIES",
    ),
    Refusal(
        "CREATE TABLE new (a INT NOT NULL PRIMARY KEY, b INT NOT NULL, PRIMARY KEY (b))",
        None,
        "cannot have 2 primary keys",
    ),
    Refusal(
        "CREATE TABLE new (a INT) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        "DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
        "not supported on a laptop",
    ),
    Refusal("CREATE OR REPLACE TABLE t AS SELECT absent FROM n", None, "absent"),
    Refusal("DROP TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("DROP TABLE absent.t", NO_SCHEMA, "absent"),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT k PRIMARY KEY (a)", None, "`a` is nullable.*SET NOT NULL"
    ),
    Refusal(
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id)", None, "already has.*'t_pk'.*Drop it"
    ),
    Refusal("ALTER TABLE n ADD PRIMARY KEY (c)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("ALTER TABLE n DROP PRIMARY KEY", None, "no primary key"),
    Refusal(
        "ALTER TABLE t DROP CONSTRAINT other",
        "DELTA_CONSTRAINT_DOES_NOT_EXIST",
        "nonexistent constraint other.*it has `t_pk`",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT big CHECK (a > 1)",
        "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
        r"1 rows in .*violate the new CHECK constraint \(a > 1\)",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT Positive CHECK (a > 1)",
        "DELTA_CONSTRAINT_ALREADY_EXISTS",
        "already exists",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal(
        "INSERT INTO n VALUES (-1, 'x')",
        None,
        r"\[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES\].*positive",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id)",
        None,
        "not kept on a laptop",
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN b SET NOT NULL", "DELTA_NEW_NOT_NULL_VIOLATION", "1 of its rows"
    ),
    Refusal("ALTER TABLE t ALTER COLUMN id DROP NOT NULL", None, "primary key `t_pk` has it"),
    Refusal(
        "ALTER TABLE t ALTER COLUMN y COMMENT 'no'", NO_COLUMN, "no column 'y'. It has: id, ts, x"
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN a COMMENT 'yes', y COMMENT 'no'", NO_COLUMN, "no column 'y'"
    ),
    Refusal(
        "CREATE TABLE new (a INT DEFAULT 1)",
        "WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED",
        "SET TBLPROPERTIES.'delta.feature.allowColumnDefaults' = 'supported'",
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN b SET DEFAULT 'none'",
        "WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED",
        "ALTER TABLE main.*n SET TBLPROPERTIES",
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN a SET DEFAULT 'none'",
        "INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION",
        "`a` with type INT has a DEFAULT value 'none'",
        given=(ALLOW_DEFAULTS,),
    ),
    Refusal(
        "OPTIMIZE new",
        "DELTA_UNSUPPORTED_FEATURES_FOR_WRITE",
        "IdentityColumns.*does not write",
        given=(
            "CREATE TABLE new (a BIGINT GENERATED ALWAYS AS IDENTITY, b INT)",
            "INSERT INTO new (b) VALUES (1)",
            "INSERT INTO new (b) VALUES (2)",
        ),
    ),
    Refusal("CREATE TABLE new (a INT) CLUSTER BY (b)", NO_COLUMN, "no column 'b' to cluster by"),
    Refusal("CREATE TABLE new CLUSTER BY (c) AS SELECT * FROM n", NO_COLUMN, "It has: a, b"),
    Refusal("CREATE TABLE new (a INT) CLUSTER BY AUTO", None, "runs on Databricks only"),
    Refusal(
        "CREATE TABLE new (a INT, b INT) PARTITIONED BY (a) CLUSTER BY (b)",
        "DELTA_CLUSTER_BY_WITH_PARTITIONED_BY",
        "remove PARTITIONED BY",
    ),
    Refusal("ALTER TABLE n CLUSTER BY (c)", NO_COLUMN, "no column 'c' to cluster by"),
    Refusal("ALTER TABLE n CLUSTER BY AUTO", None, "runs on Databricks only"),
    Refusal(
        "ALTER TABLE n CLUSTER BY (a, a, a, b, b)",
        "DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS",
        "up to 4",
    ),
    Refusal(
        "ALTER TABLE new CLUSTER BY (b)",
        "DELTA_ALTER_TABLE_CLUSTER_BY_ON_PARTITIONED_TABLE_NOT_ALLOWED",
        "new' is one",
        given=("CREATE TABLE new (a INT, b INT) PARTITIONED BY (a)",),
    ),
    Refusal(
        "OPTIMIZE n ZORDER BY (a)",
        "DELTA_CLUSTERING_WITH_ZORDER_BY",
        r"remove ZORDER BY \(a\)",
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
    Refusal("INSERT INTO t (id) VALUES (3)", None, "NOT NULL constraint violated for column: ts"),
    Refusal("INSERT INTO n (a, c) VALUES (3, 4)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("INSERT INTO n (a, A) VALUES (3, 4)", "COLUMN_ALREADY_EXISTS", "names it twice"),
    Refusal("TRUNCATE TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("REFRESH TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("ALTER TABLE absent RENAME TO m", NO_TABLE, "has: n, t"),
    Refusal("ALTER TABLE n RENAME TO t", "TABLE_OR_VIEW_ALREADY_EXISTS", "already exists"),
    Refusal("ALTER TABLE n RENAME TO main.default.n", None, "renamed within its schema"),
    Refusal("ALTER TABLE n RENAME TO `two words`", INVALID, "'two words' must have"),
    Refusal("ALTER TABLE t ADD COLUMN X INT", "FIELD_ALREADY_EXISTS", "`X` already exists"),
    Refusal("ALTER TABLE n ADD COLUMN c INT AFTER y", NO_COLUMN, "no column 'y'"),
    Refusal(
        "ALTER TABLE n ADD COLUMN c INT NOT NULL", None, "cannot be added as NOT NULL.*fill it"
    ),
    Refusal("ALTER TABLE n ADD COLUMN c INT DEFAULT 1", None, "not 'DEFAULT 1'", ParseException),
    Refusal("ALTER TABLE n ADD COLUMN c TIMESTAMP_NTZ", None, "Take TIMESTAMP"),
    Refusal(
        "ALTER TABLE n RENAME COLUMN a TO c",
        "DELTA_UNSUPPORTED_RENAME_COLUMN",
        "Column Mapping.*laptop",
    ),
    Refusal("ALTER TABLE n RENAME COLUMN c TO d", NO_COLUMN, "no column 'c'"),
    Refusal(
        "ALTER TABLE n DROP COLUMN a", "DELTA_UNSUPPORTED_DROP_COLUMN", "Column Mapping.*laptop"
    ),
    Refusal("ALTER TABLE n DROP COLUMNS (a, c)", NO_COLUMN, "no column 'c'"),
    Refusal("ALTER TABLE n ALTER COLUMN a TYPE STRING", None, "type widening"),
    Refusal("ALTER TABLE absent SET TAGS ('a' = 'b')", NO_TABLE, "absent.*has: n, t"),
    Refusal("ALTER TABLE t SET TAGS ('a.b' = 'c')", INVALID, "'a.b' = 'c' is not a valid tag"),
    Refusal("ALTER TABLE t ALTER COLUMN y SET TAGS ('a' = 'b')", NO_COLUMN, "no column 'y'"),
    Refusal("ALTER SCHEMA main.absent SET TAGS ('a' = 'b')", NO_SCHEMA, "absent"),
    Refusal("COMMENT ON TABLE absent IS 'x'", NO_TABLE, "absent"),
    Refusal("COMMENT ON COLUMN t.y IS 'x'", NO_COLUMN, "It has: id, ts, x"),
    Refusal("COMMENT ON COLUMN y IS 'x'", None, "does not say of which table"),
    Refusal("COMMENT ON SCHEMA main.absent IS 'x'", NO_SCHEMA, "absent"),
    Refusal("COMMENT ON CATALOG absent IS 'x'", NO_CATALOG, "There are: dev"),
    Refusal("DESCRIBE TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("DESCRIBE t y", NO_COLUMN, "no column 'y'"),
    Refusal("DESCRIBE HISTORY absent", NO_TABLE, "absent"),
    Refusal("DESCRIBE DETAIL absent.t", NO_SCHEMA, "absent"),
    Refusal("DESCRIBE CATALOG absent", NO_CATALOG, "'absent' was not found"),
    Refusal("DESCRIBE SCHEMA main.absent", NO_SCHEMA, "`main`.`absent` cannot be found"),
    Refusal("SHOW TBLPROPERTIES absent", NO_TABLE, "absent"),
    Refusal("SHOW CREATE TABLE absent", NO_TABLE, "absent"),
    Refusal("SHOW COLUMNS IN absent", NO_TABLE, "absent"),
    Refusal("SHOW TABLES IN main.absent", NO_SCHEMA, "absent"),
    Refusal("SHOW SCHEMAS IN absent", NO_CATALOG, "absent"),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'maybe')",
        "DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
        "expected true or false",
    ),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        "DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
        "on Databricks",
    ),
    Refusal(
        "ALTER TABLE t UNSET TBLPROPERTIES ('team', 'absent')",
        "UNSET_NONEXISTENT_PROPERTIES",
        r"\[absent\]",
    ),
    Refusal("OPTIMIZE absent", NO_TABLE, "absent"),
    Refusal("OPTIMIZE t WHERE x > 1", None, "without WHERE", ParseException),
    Refusal("OPTIMIZE t ZORDER BY (y)", "DELTA_ZORDERING_COLUMN_DOES_NOT_EXIST", "column 'y'"),
    Refusal(
        "OPTIMIZE parted ZORDER BY (a)",
        "DELTA_ZORDERING_ON_PARTITION_COLUMN",
        "is a partition column",
        given=("CREATE TABLE parted (a INT, b INT) USING DELTA PARTITIONED BY (a)",),
    ),
    Refusal("VACUUM absent", NO_TABLE, "absent"),
    Refusal(
        "VACUUM t RETAIN 167 HOURS",
        None,
        'low retention period.*not less than "168 hours"',
        IllegalArgumentException,
    ),
    Refusal(
        "VACUUM t RETAIN 0 HOURS DRY RUN",
        None,
        'retentionDurationCheck.*not less than "48 hours"',
        IllegalArgumentException,
        given=(
            "ALTER TABLE t SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = '2 days')",
        ),
    ),
    Refusal(
        "RESTORE TABLE t TO VERSION AS OF 99",
        "DELTA_CANNOT_RESTORE_TABLE_VERSION",
        r"version 99. Available versions: \[0, ",
    ),
    Refusal(
        "RESTORE TABLE t TO TIMESTAMP AS OF '2000-01-01'",
        "DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER",
        "before the earliest version",
    ),
    Refusal(
        "RESTORE TABLE t TO TIMESTAMP AS OF '2100-01-01'",
        "DELTA_CANNOT_RESTORE_TIMESTAMP_GREATER",
        "after the latest version",
    ),
    Refusal(
        "RESTORE TABLE n TO VERSION AS OF 1",
        "DELTA_FILE_NOT_FOUND_DETAILED",
        "1 of its files are gone.*VACUUM",
        given=("DELETE FROM n", "SET {check} = false", "VACUUM n RETAIN 0 HOURS"),
    ),
    Refusal("USE main.absent", NO_SCHEMA, "'main.absent' does not exist"),
    Refusal("USE absent", NO_SCHEMA, "'main.absent' does not exist"),
    Refusal("USE SCHEMA dev", NO_SCHEMA, "'main.dev' does not exist"),
    Refusal("USE CATALOG absent", NO_CATALOG, "There are: dev"),
    Refusal("CREATE SCHEMA {s}", "SCHEMA_ALREADY_EXISTS", "IF NOT EXISTS"),
    Refusal("CREATE SCHEMA absent.s", NO_CATALOG, "absent"),
    Refusal("CREATE SCHEMA main.s MANAGED LOCATION 'x'", None, "MANAGED LOCATION", ParseException),
    Refusal("CREATE CATALOG main", "CATALOG_ALREADY_EXISTS", "IF NOT EXISTS"),
    Refusal("CREATE CATALOG hive_metastore", "CATALOG_ALREADY_EXISTS", "hive_metastore"),
    Refusal("DROP SCHEMA {s}", "SCHEMA_NOT_EMPTY", "CASCADE"),
    Refusal("DROP SCHEMA main.absent", NO_SCHEMA, "absent"),
    Refusal("DROP CATALOG main CASCADE", None, "current catalog"),
    Refusal("DROP CATALOG absent", NO_CATALOG, "absent"),
    Refusal("GRANT FLY ON TABLE t TO x", INVALID, "FLY is not applicable.*SELECT"),
    Refusal("GRANT EXECUTE ON TABLE t TO x", INVALID, "EXECUTE is not applicable"),
    Refusal("GRANT USE CATALOG ON SCHEMA {s} TO x", INVALID, "USE_CATALOG is not applicable"),
    Refusal("REVOKE FLY ON TABLE t FROM x", INVALID, "FLY is not applicable"),
    Refusal("GRANT SELECT ON TABLE absent TO x", NO_TABLE, "absent"),
    Refusal("GRANT SELECT ON SCHEMA main.absent TO x", NO_SCHEMA, "absent"),
    Refusal("GRANT EXECUTE ON MODEL absent TO x", "ROUTINE_NOT_FOUND", "absent"),
    Refusal("GRANT READ VOLUME ON VOLUME v TO x", None, "on Databricks only.*TABLE"),
    Refusal("GRANT CREATE CATALOG ON METASTORE TO x", None, "METASTORE"),
    Refusal("SHOW GRANTS ON TABLE absent", NO_TABLE, "absent"),
    Refusal(
        "GRANT SELECT ON TABLE hive_metastore.default.{schema} TO x",
        None,
        "no grants of Unity Catalog",
        given=("CREATE TABLE hive_metastore.default.{schema} (a INT)",),
    ),
    Refusal(
        "SELECT * FROM information_schema.views", None, r"information_schema\.views is not answered"
    ),
]
CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"


def make_place(spark, tables=tuple(TABLES)) -> dict[str, str]:
    """Make a fresh schema with tables; give what the rows may name."""
    name = f"s_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE SCHEMA main.{name}")
    spark.sql(f"USE main.{name}")
    for statement in (statement for table in tables for statement in TABLES[table]):
        spark.sql(statement)
    return {"s": f"main.{name}", "schema": name, "check": CHECK}


def leave(spark, place: dict[str, str]) -> None:
    spark.sql(f"SET {CHECK} = true")
    spark.sql("USE main.default")
    for schema in (place["schema"], f"{place['schema']}_more"):
        spark.sql(f"DROP SCHEMA IF EXISTS main.{schema} CASCADE")
    spark.sql(f"DROP TABLE IF EXISTS hive_metastore.default.{place['schema']}")
    spark.unity.governance.remove(Securable("catalog", "dev"))


@pytest.fixture
def place(spark, request):
    """A place for one test, with the tables that it names: each takes its time."""
    told = getattr(request.node, "callspec", None)
    words = set(re.findall(r"\w+", str(told.params["row"]))) if told else set(TABLES)
    place = make_place(spark, [name for name in TABLES if name in words])
    yield place
    leave(spark, place)


@pytest.fixture(scope="module")
def shared(spark):
    """A place for all tests that change nothing."""
    place = make_place(spark)
    yield place
    leave(spark, place)


def filled(told: Any, place: dict[str, str]) -> Any:
    """Put names in the place of ``{s}`` and the like, in whatever is told."""
    if isinstance(told, str):
        for name, value in place.items():
            told = told.replace(f"{{{name}}}", value)
        return told
    if isinstance(told, (list, tuple)):
        return type(told)(filled(part, place) for part in told)
    return told


def name_of(row: Any) -> str:
    return row.sql[:70]


def rows(frame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.collect()]


def same(found: list[tuple[Any, ...]], expected: Any) -> bool:
    """Say whether rows are the expected ones, in any order."""
    if expected is ANY:
        return True
    left = list(found)
    for row in expected:
        if row not in left:
            return False
        left.remove(next(there for there in left if there == row))
    return not left


@pytest.mark.parametrize("row", [r for r in STATEMENTS if r not in DESCRIBE], ids=name_of)
def test_a_statement_answers_and_changes_what_it_says(spark, place, row):
    if "{first}" in row.sql:
        history = rows(spark.sql("DESCRIBE HISTORY n"))
        place["first"] = str(min(commit[1] for commit in history))
    for statement in row.given:
        spark.sql(filled(statement, place))
    compare(spark, place, row)
    for query, expected in row.then.items():
        found = rows(spark.sql(filled(query, place)))
        assert same(found, filled(expected, place)), (query, found)


@pytest.mark.parametrize("row", DESCRIBE, ids=name_of)
def test_a_statement_that_asks_has_databricks_columns(spark, shared, row):
    spark.sql(f"USE {shared['s']}")
    compare(spark, shared, row)


def compare(spark, place, row) -> None:
    answer = spark.sql(filled(row.sql, place))
    assert row.columns is ANY or answer.columns == row.columns.split()
    if row.rows is not None:
        assert same(rows(answer), filled(row.rows, place)), rows(answer)


@pytest.mark.parametrize("row", [r for r in REFUSALS if not r.given], ids=name_of)
def test_a_refusal_says_why_and_changes_nothing(spark, shared, row):
    spark.sql(f"USE {shared['s']}")
    refuse(spark, shared, row)


@pytest.mark.parametrize("row", [r for r in REFUSALS if r.given], ids=name_of)
def test_a_refusal_after_other_statements(spark, place, row):
    for statement in row.given:
        spark.sql(filled(statement, place))
    refuse(spark, place, row)


def refuse(spark, place, row) -> None:
    before = state(spark, place)
    with pytest.raises(row.error, match=f"(?s){row.words}") as refused:
        spark.sql(filled(row.sql, place)).collect()
    assert refused.value.getCondition() == row.condition
    if row.condition:
        assert str(refused.value).startswith(f"[{row.condition}] ")
    assert state(spark, place) == before


def state(spark, place) -> tuple[Any, ...]:
    """Give what a refused statement must leave as it is."""
    unity = spark.unity
    tables = {}
    for name in unity.tables("main", place["schema"]):
        table = unity.table(name)
        kept = table.delta.metadata()
        tables[name.table] = (table.fields, table.delta.file_uris(), kept.configuration)
    current = spark.catalog.currentCatalog(), spark.catalog.currentDatabase()
    return tables, current, unity.schemas("main"), unity.catalogs(), unity.governance._read()


# ---- what a row cannot say ------------------------------------------------------------------------------
def test_describe_extended_tells_what_the_catalog_knows(spark, place):
    spark.sql("ALTER TABLE t ADD CONSTRAINT warm CHECK (x > 0)")
    told = {row["col_name"]: row["data_type"] for row in spark.sql("DESCRIBE EXTENDED t").collect()}
    assert told["x"] == "double"
    assert (told["Comment"], told["Provider"], told["Owner"]) == ("about t", "delta", DEFAULT_USER)
    assert told["t_pk"] == "PRIMARY KEY (`id`, `ts` TIMESERIES)"
    assert told["warm"] == "CHECK (x > 0)"
    assert "team=ml" in told["Table Properties"]


def test_what_show_create_table_writes_makes_the_same_table(spark, place):
    spark.sql(
        "CREATE TABLE nested (`a b` STRUCT<One: INT, two: ARRAY<STRING>> COMMENT 'it\\'s', "
        "m MAP<STRING, DOUBLE>, d DECIMAL(9,2), `day of` DATE) USING DELTA PARTITIONED BY (`day of`)"
    )
    for name in ("t", "nested"):
        statement = spark.sql(f"SHOW CREATE TABLE {name}").first()[0]
        again = statement.replace(f"{place['s']}.{name} (", f"{place['s']}.{name}_again (", 1)
        assert again != statement
        spark.sql(again)
        assert spark.sql(f"SHOW CREATE TABLE {name}_again").first()[0] == again
        assert spark.table(f"{name}_again").schema == spark.table(name).schema


def test_information_schema_has_the_documented_columns(spark, place):
    types = dict(spark.sql("SELECT * FROM information_schema.columns").dtypes)
    assert list(types)[:5] == [
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
    ]  # fmt: skip
    assert len(types) == 33
    assert (types["ordinal_position"], types["comment"]) == ("int", "string")
    spark.sql("CREATE TABLE kinds (d DECIMAL(9,2), l BIGINT, f DOUBLE, t TIMESTAMP, a ARRAY<INT>)")
    found = rows(
        spark.sql(
            "SELECT ordinal_position, full_data_type, data_type, numeric_precision, numeric_scale, "
            "datetime_precision FROM system.information_schema.columns WHERE table_name = 'kinds' "
            f"AND table_schema = '{place['schema']}' ORDER BY 1"
        )
    )
    assert found == [
        (1, "decimal(9,2)", "DECIMAL", 9, 2, None),
        (2, "bigint", "LONG", 64, 0, None),
        (3, "double", "DOUBLE", 53, None, None),
        (4, "timestamp", "TIMESTAMP", None, None, 3),
        (5, "array<int>", "ARRAY", None, None, None),
    ]
    table = spark.sql(
        "SELECT * FROM information_schema.tables WHERE table_name = 't' AND table_schema = "
        f"'{place['schema']}'"
    ).first()
    assert list(table.asDict()) == [
        "table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into",
        "commit_action", "table_owner", "comment", "created", "created_by", "last_altered",
        "last_altered_by", "data_source_format", "storage_sub_directory", "storage_path",
    ]  # fmt: skip
    assert table["created"] < table["last_altered"]


def test_optimize_packs_files_and_zorder_puts_rows_in_order(spark, place):
    for first in (2, 0, 1):
        values = [(n, -n) for n in range(299 + first, -1 + first, -3)]
        spark.createDataFrame(values, "a int, b int").write.mode("append").saveAsTable("shuffled")
    row = spark.sql("OPTIMIZE shuffled ZORDER BY (a)").first()
    assert row["path"].endswith("shuffled")
    assert (row["metrics"]["numFilesAdded"], row["metrics"]["numFilesRemoved"]) == (1, 3)
    assert row["metrics"]["filesRemoved"]["totalFiles"] == 3
    assert spark.table("shuffled").toPandas()["a"].is_monotonic_increasing
    spark.sql("OPTIMIZE shuffled ZORDER BY (b)")
    assert spark.table("shuffled").toPandas()["b"].is_monotonic_increasing
    again = spark.sql("OPTIMIZE n").first()["metrics"]
    assert (again["numFilesAdded"], again["filesAdded"]) == (0, None)


def test_a_conflict_with_another_writer_has_deltas_condition(spark, place, monkeypatch):
    opened = spark.unity.table(spark.resolve("t"))
    monkeypatch.setattr(spark.unity, "table", lambda name, version=None: opened)
    spark.sql("DELETE FROM t WHERE id = 1")  # the table has moved on since it was opened
    with pytest.raises(PySparkException, match="Please try the operation again") as refused:
        spark.sql("OPTIMIZE t")
    assert refused.value.getCondition() == "DELTA_CONCURRENT_DELETE_READ"
    assert refused.value.getSqlState() == "2D521"


def test_a_failed_replacement_leaves_the_constraints(spark, place):
    spark.sql("ALTER TABLE t ADD CONSTRAINT warm CHECK (x > 0)")
    with pytest.raises(PySparkException):
        spark.sql("CREATE OR REPLACE TABLE t AS SELECT raise_error('no') AS x")
    table = spark.unity.table(spark.resolve("t"))
    assert table.checks == {"warm": "x > 0"}
    assert [f["nullable"] for f in table.fields] == [False, False, True]
    assert table.primary_key is not None
    assert spark.table("t").count() == 2


def test_others_need_the_privileges_that_databricks_asks_for(spark, place):
    ben, name = spark.workspace_session("b", BEN), f"{place['s']}.t"
    spark.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BEN}`")
    spark.sql(f"GRANT USE SCHEMA ON SCHEMA {place['s']} TO `{BEN}`")
    spark.sql(f"GRANT SELECT ON TABLE {name} TO `{BEN}`")
    asked = {
        f"GRANT SELECT ON TABLE {name} TO x": "MANAGE",
        f"SHOW GRANTS ON TABLE {name}": "MANAGE",
        f"COMMENT ON SCHEMA {place['s']} IS 'mine'": "MANAGE",
        f"ALTER SCHEMA {place['s']} SET TAGS ('a' = 'b')": "APPLY TAG",
        f"ALTER TABLE {name} SET TAGS ('a' = 'b')": "APPLY TAG",
        f"ALTER TABLE {name} ADD COLUMN y INT": "MODIFY",
        f"ALTER TABLE {name} ALTER COLUMN x COMMENT 'mine'": "MODIFY",
        f"ALTER TABLE {name} ALTER COLUMN x SET NOT NULL": "MODIFY",
        f"ALTER TABLE {name} SET TBLPROPERTIES ('a' = 'b')": "MODIFY",
        f"ALTER TABLE {name} UNSET TBLPROPERTIES ('team')": "MODIFY",
        f"TRUNCATE TABLE {name}": "MODIFY",
        f"ALTER TABLE {name} RENAME TO bens": "MANAGE",
        f"VACUUM {name}": "MODIFY",
        f"RESTORE TABLE {name} TO VERSION AS OF 1": "MODIFY",
        f"ALTER TABLE {name} SET OWNER TO `{BEN}`": "MANAGE",
        "CREATE CATALOG bens": "CREATE CATALOG",
    }
    for statement, privilege in asked.items():
        with pytest.raises(PySparkException, match=f"does not have {privilege} on") as refused:
            ben.sql(statement)
        assert refused.value.getCondition() == "INSUFFICIENT_PERMISSIONS"
    assert rows(ben.sql(f"SHOW GRANTS `{BEN}` ON TABLE {name}"))
    assert (BEN, "SELECT", "TABLE", name) in rows(spark.sql(f"SHOW GRANTS ON TABLE {name}"))
    spark.sql(f"GRANT MODIFY, APPLY TAG ON TABLE {name} TO `{BEN}`")
    for statement in [s for s, p in asked.items() if p in ("MODIFY", "APPLY TAG") and name in s]:
        ben.sql(statement)
    assert spark.unity.table(spark.resolve(name)).tags == {"a": "b"}
    spark.sql(f"REVOKE ALL PRIVILEGES ON CATALOG main FROM `{BEN}`")
    assert rows(ben.sql("SHOW CATALOGS")) == [("hive_metastore",), ("main",)]
    assert rows(ben.sql("SHOW SCHEMAS IN main")) == [("information_schema",), (place["schema"],)]


def test_grants_on_a_model_are_those_of_the_local_workspace(spark, place, home, experiment):
    from mlflow import MlflowClient

    model = Securable("function", f"{place['s']}.delays")
    MlflowClient(home.mlflow_uri, home.mlflow_uri).create_registered_model(model.name)
    workspace = Governance(home.workspace_state / "governance.json", DEFAULT_USER)
    for kind, name in (("CATALOG", "main"), ("SCHEMA", place["s"])):
        spark.sql(f"GRANT USE {kind} ON {kind} {name} TO `{BEN}`")
    assert not workspace.may(BEN, model, "EXECUTE")
    spark.sql(f"GRANT EXECUTE ON MODEL delays TO `{BEN}`")
    assert workspace.may(BEN, model, "EXECUTE")
    spark.sql(f"REVOKE EXECUTE ON FUNCTION {model.name} FROM `{BEN}`")
    assert not workspace.may(BEN, model, "EXECUTE")
    spark.sql("DROP TABLE t")
    spark.sql("DROP TABLE n")
    with pytest.raises(PySparkException, match="SCHEMA_NOT_EMPTY"):
        spark.sql(f"DROP SCHEMA {place['s']}")
    spark.sql(f"DROP SCHEMA {place['s']} CASCADE")
    spark.sql(f"CREATE SCHEMA {place['s']}")
    with pytest.raises(PySparkException, match="ROUTINE_NOT_FOUND"):
        spark.sql(f"SHOW GRANTS ON MODEL {model.name}")
    spark.sql(f"REVOKE ALL PRIVILEGES ON CATALOG main FROM `{BEN}`")


def test_a_new_catalog_can_be_used_at_once(spark, place):
    name = f"c_{uuid.uuid4().hex[:8]}"
    frame = spark.table("n")
    spark.sql(f"CREATE CATALOG {name} COMMENT 'new'")
    assert spark.catalog.currentDatabase() == place["schema"]
    assert frame.count() == 2, "a DataFrame outlives the engine that it was made on"
    told = dict(rows(spark.sql(f"DESCRIBE CATALOG {name}")))
    assert (told["Comment"], told["Owner"]) == ("new", DEFAULT_USER)
    spark.sql(f"USE CATALOG {name}")
    spark.sql("CREATE TABLE default.t AS SELECT 5 AS x")
    assert rows(spark.sql("SELECT * FROM t")) == [(5,)]
    spark.sql("USE CATALOG main")
    assert rows(spark.sql(f"SELECT * FROM {name}.default.t")) == [(5,)]
    with pytest.raises(PySparkException, match=r"has 1 schema\(s\): default.*CASCADE"):
        spark.sql(f"DROP CATALOG {name}")
    spark.sql(f"DROP CATALOG {name} CASCADE")
    assert rows(spark.sql(f"SHOW CATALOGS '{name}'")) == []


def test_a_temporary_view_is_not_lost_to_a_new_catalog(spark, place):
    name = f"c_{uuid.uuid4().hex[:8]}"
    spark.sql("CREATE TEMP VIEW seen AS SELECT a FROM n")
    spark.sql(f"CREATE CATALOG {name}")
    with pytest.raises(PySparkException, match="drop seen first"):
        spark.sql(f"USE CATALOG {name}")
    assert spark.table("seen").count() == 2
    spark.catalog.dropTempView("seen")
    spark.sql(f"DROP CATALOG {name}")
