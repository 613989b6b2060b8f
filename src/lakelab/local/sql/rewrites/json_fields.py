"""``column:path``: a field of a JSON string, which ``get_json_object`` extracts.

Follows https://docs.databricks.com/aws/en/semi-structured/json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def extract_json_fields(session: Session, tree: exp.Expr) -> bool:
    """Replace each ``column:path`` by a call of ``get_json_object``.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the path has a part that the local engine does not support, such as ``[*]``.
    """
    fields = [node for node in tree.find_all(exp.JSONExtract) if node.args.get("variant_extract")]
    for field in reversed(fields):
        path = "$" + "".join(_step(part) for part in field.expression.expressions[1:])
        call = exp.Anonymous(
            this="get_json_object", expressions=[field.this.copy(), exp.Literal.string(path)]
        )
        if isinstance(field.parent, exp.Select):
            name = _last_key(field)
            field.replace(exp.alias_(call, exp.to_identifier(name, quoted=True), copy=False))
        else:
            field.replace(call)
    return bool(fields)


def _step(part: exp.Expr) -> str:
    if isinstance(part, exp.JSONPathKey) and isinstance(part.this, str):
        return f"['{part.this}']"
    if isinstance(part, exp.JSONPathSubscript) and isinstance(part.this, int):
        return f"[{part.this}]"
    raise analysis_error(
        conditions.UNSUPPORTED_FEATURE_JSON_PATH,
        "The local engine supports names and numbers in a JSON path, such as c:items[0].price.",
    )


def _last_key(field: exp.JSONExtract) -> str:
    keys = [p.this for p in field.expression.expressions if isinstance(p, exp.JSONPathKey)]
    return str(keys[-1]) if keys else "get_json_object"
