"""``USE`` and ``SET``: the current catalog and schema, and the session's settings.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-use-catalog and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-usedb and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.sql.securables import parse_catalog_name, resolve_schema
from lakelab.local.sql.text import QUALIFIED_NAME, split_name, statement_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _use_catalog(session: Session, told: re.Match[str]) -> None:
    _set_catalog(session, parse_catalog_name(told["name"]))


def _use(session: Session, told: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, told["name"])
    only = len(split_name(told["name"])) == 1 and not told["kind"]
    if only and schema not in session.unity.schemas(catalog) and schema in session.unity.catalogs():
        _set_catalog(session, schema)  # as Spark does: no schema, but a catalog
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
        session.engine_sql("USE SCHEMA `default`")  # the engine would keep the other catalog's


def _set(session: Session, told: re.Match[str]) -> DataFrame:
    if told["value"] is not None:
        session.conf.set(told["key"], told["value"].strip("'\""))
    value = session.conf.get(told["key"], "<undefined>")
    return session.createDataFrame([(told["key"], value)], "key string, value string")


_CATALOG = r"(?P<name>`(?:[^`]|``)+`|'[^']+'|[\w-]+)"
STATEMENTS = [
    (statement_pattern(rf"(?:USE|SET) CATALOG {_CATALOG}"), _use_catalog),
    (statement_pattern(r"SET (?P<key>spark(?:\.\w+)+)(?:\s*=\s*(?P<value>[^;]+?))?"), _set),
    (statement_pattern(rf"USE(?P<kind> (?:SCHEMA|DATABASE|NAMESPACE))? {QUALIFIED_NAME}"), _use),
]
