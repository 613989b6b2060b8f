"""``USE`` and ``SET``: the current catalog and schema, and the session's settings.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-use-catalog and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-usedb and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.sql.securables import parse_catalog_name, resolve_schema
from lakelab.local.sql.text import BACKTICKED, QUALIFIED_NAME, split_name, statement_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _use_catalog(session: Session, match: re.Match[str]) -> None:
    _set_catalog(session, parse_catalog_name(match["name"]))


def _use_schema(session: Session, match: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, match["name"])
    may_be_catalog = len(split_name(match["name"])) == 1 and not match["kind"]
    if (
        may_be_catalog
        and schema not in session.unity.schemas(catalog)
        and schema in session.unity.catalogs()
    ):
        _set_catalog(session, schema)  # as Spark: a schema precedes a catalog of the same name
        return
    session.unity.require_schema(catalog, schema)
    session.add_catalog(catalog)
    session.engine_sql(f"USE CATALOG `{catalog}`")
    session.engine_sql(f"USE SCHEMA `{schema}`")


def _set_catalog(session: Session, catalog: str) -> None:
    session.unity.require_catalog(catalog)
    session.add_catalog(catalog)
    session.engine_sql(f"USE CATALOG `{catalog}`")
    if "default" in session.unity.schemas(catalog):
        # otherwise the engine would keep the current schema of the previous catalog
        session.engine_sql("USE SCHEMA `default`")


def _set_config(session: Session, match: re.Match[str]) -> DataFrame:
    if match["value"] is not None:
        session.conf.set(match["key"], match["value"].strip("'\""))
    value = session.conf.get(match["key"], "<undefined>")
    return session.createDataFrame([(match["key"], value)], "key string, value string")


_CATALOG = rf"(?P<name>{BACKTICKED}|'[^']+'|[\w-]+)"
STATEMENTS = [
    (statement_pattern(rf"(?:USE|SET) CATALOG {_CATALOG}"), _use_catalog),
    (statement_pattern(r"SET (?P<key>spark(?:\.\w+)+)(?:\s*=\s*(?P<value>[^;]+?))?"), _set_config),
    (
        statement_pattern(rf"USE(?P<kind> (?:SCHEMA|DATABASE|NAMESPACE))? {QUALIFIED_NAME}"),
        _use_schema,
    ),
]
