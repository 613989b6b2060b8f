"""Names of tables, views and common table expressions, in lower case: the engine tells upper and lower case apart.

Databricks stores the names in lower case, and finds them in any case. Columns have the same rule; the engine has it,
too, but not for a qualified star: ``T.*`` has no columns where the table is ``t``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlglot import exp

from lakelab.local.sql.dialect import parse, replace_names

_FORMATS = frozenset({"avro", "binaryfile", "csv", "delta", "json", "orc", "parquet", "text"})
"""Sources that a path follows: ``delta.`/folder/table```."""


@lru_cache(maxsize=256)
def lower_relation_names(text: str) -> str:
    """Return a statement with the names of its tables, views and common table expressions in lower case.

    Aliases and all else stay as they are; a column is qualified by its table's name or alias as it is written then.

    Parameters
    ----------
    text : str
        One statement, which stays as it is if sqlglot does not parse it.

    Examples
    --------
    >>> lower_relation_names("SELECT T.*, A.x FROM Main.Flights.T, delta.`/Lab/U` a")
    'SELECT `t`.*, `a`.x FROM `main`.`flights`.`t`, delta.`/Lab/U` a'
    >>> lower_relation_names("WITH Late AS (SELECT 1) SELECT * FROM LATE -- All")
    'WITH `late` AS (SELECT 1) SELECT * FROM `late` -- All'
    """
    if text == text.lower():
        return text
    statement = parse(text)
    if statement.tree is None:
        return text
    changes = [
        (node, name)
        for node, name in _names(statement.tree)
        if node.name != name and "start" in node.meta
    ]
    # the positions are those of the text that was parsed, comments around the statement included
    return replace_names(text, changes) if changes else text


def lower_name(name: str) -> str:
    """Return a name of one or more levels in lower case; the path of a table stays.

    Examples
    --------
    >>> lower_name("Main.`Air Port`"), lower_name("delta.`/Lab/T`")
    ('main.`air port`', 'delta.`/Lab/T`')
    """
    return name if "/" in name or "\\" in name else name.lower()


def _names(tree: exp.Expr) -> Iterator[tuple[exp.Identifier, str]]:
    """Yield identifiers and the names that they get."""
    tables = [table for table in tree.find_all(exp.Table) if is_relation(table)]
    common = [cte.args["alias"].this for cte in tree.find_all(exp.CTE) if cte.alias]
    for part in (*(part for table in tables for part in table.parts), *common):
        if isinstance(part, exp.Identifier):
            yield part, part.name.lower()
    aliases = {
        alias.name
        for alias in tree.find_all(exp.TableAlias)
        if alias.name and not isinstance(alias.parent, exp.CTE)
    }
    names = {table.name.lower() for table in tables if not table.alias}
    sources = {name.lower(): name for name in (*names, *aliases)}
    for column in tree.find_all(exp.Column):
        if column.table in aliases or column.table.lower() not in sources:
            continue
        table, *schema = (p for p in column.parts[-2::-1] if isinstance(p, exp.Identifier))
        yield table, sources[column.table.lower()]
        yield from ((part, part.name.lower()) for part in schema)


def is_relation(table: exp.Table) -> bool:
    """Return whether a table is named, and is neither a path nor the name of a function."""
    if isinstance(table.parent, exp.UserDefinedFunction) or not isinstance(
        table.this, exp.Identifier
    ):
        return False
    is_path = "/" in table.name or (table.db.lower() in _FORMATS and not table.catalog)
    return not is_path
