"""Columns of the types VARCHAR(n) and CHAR(n) in the definition of a table.

The engine makes STRING of both. The limit of a VARCHAR is stored in the table; a CHAR is refused, because Spark
pads its values where they are written and where they are compared.

Follows https://docs.databricks.com/aws/en/sql/language-manual/data-types/string-type
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error


def extract_limits(columns: list[exp.ColumnDef]) -> dict[str, int]:
    """Return the limits of the VARCHAR columns, by their names in lower case.

    Parameters
    ----------
    columns : list of sqlglot.exp.ColumnDef

    Raises
    ------
    pyspark.errors.AnalysisException
        If a column is a CHAR, or has a CHAR or VARCHAR within an array, a map or a struct.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> extract_limits(parse("CREATE TABLE t (A VARCHAR(3), b STRING)").tree.this.expressions)
    {'a': 3}
    """
    limits = {}
    for column in columns:
        kind = column.args.get("kind")
        if not isinstance(kind, exp.DataType):
            continue
        for inner in kind.find_all(exp.DataType):
            _refuse(column, inner, is_nested=inner is not kind)
        if kind.is_type("varchar") and kind.expressions:
            limits[column.name.lower()] = int(kind.expressions[0].name)
    return limits


def _refuse(column: exp.ColumnDef, kind: exp.DataType, *, is_nested: bool) -> None:
    if kind.this in (exp.DType.CHAR, exp.DType.NCHAR):
        advice = "Take VARCHAR(n) or STRING; rpad(value, n, ' ') pads a value."
    elif kind.this == exp.DType.VARCHAR and kind.expressions and is_nested:
        advice = "Within an array, a map or a struct, take STRING."
    else:
        return
    raise analysis_error(
        conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
        f"The local engine does not keep the type {kind.sql('databricks')} of the column `{column.name}`. {advice}",
    )
