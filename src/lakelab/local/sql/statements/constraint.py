"""Constraints of ``ALTER TABLE``: ``ADD CONSTRAINT``, ``DROP CONSTRAINT`` and ``DROP PRIMARY KEY``.

``alter_table`` calls `add_constraint` and `drop_constraint`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-add-constraint and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-drop-constraint
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.types import BooleanType
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.dialect import parse, parse_expression, to_sql
from lakelab.local.sql.grammar.tables import DropPrimaryKey, source_text
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.statements.primary_key import parse_primary_key

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def add_constraint(session: Session, table: UnityTable, action: exp.AddConstraint) -> None:
    """Add a primary key or a CHECK constraint to a table.

    Raises
    ------
    UnityCatalogError
        If it is a foreign key, a key exists, a key column is nullable, the name of the CHECK is taken, or
        rows violate it.
    """
    if action.find(exp.PrimaryKey):
        table.set_primary_key(parse_primary_key(action.expressions[0], table.name.table))
    elif action.find(exp.ForeignKey):
        raise UnityCatalogError(
            f"Foreign keys are not kept on a laptop, so table '{table.name}' gets none. They are "
            f"informational on Databricks: leave the statement out here."
        )
    else:
        constraint = action.expressions[0]
        _add_check(session, table, constraint.name, source_text(constraint.expressions[0]))


def _add_check(session: Session, table: UnityTable, name: str, condition: str) -> None:
    existing = {check.lower(): expression for check, expression in table.checks.items()}
    if name.lower() in existing:
        raise UnityCatalogError(
            f"Constraint '{name}' already exists. Please delete the old constraint first.\n"
            f"Old constraint:\n{existing[name.lower()]}",
            condition=conditions.DELTA_CONSTRAINT_ALREADY_EXISTS,
        )
    query = rewrite_for_engine(session, f"SELECT ({condition}) AS holds FROM {table.name.quoted}")
    rows = session.engine_sql(query)
    if not isinstance(rows.schema[0].dataType, BooleanType):
        raise UnityCatalogError(
            f"CHECK constraint '{name}' ({condition}) should be a boolean expression.",
            condition=conditions.DELTA_NON_BOOLEAN_CHECK_CONSTRAINT,
        )
    # a condition that evaluates to null is broken, too, as in Delta
    violations = rows.where("NOT coalesce(holds, false)").count()
    if violations:
        raise UnityCatalogError(
            f"{violations} rows in {table.name} violate the new CHECK constraint ({condition}).",
            condition=conditions.DELTA_NEW_CHECK_CONSTRAINT_VIOLATION,
        )
    table.add_check(name, _stored_condition(query, condition))


def _stored_condition(query: str, condition: str) -> str:
    """Return the condition as the engine evaluates it rightly for the rows of an INSERT.

    The engine reads the condition from the table, where no rewrite reaches it.
    """
    tree = parse(query).tree
    if not isinstance(tree, exp.Select):
        return condition
    selected = tree.selects[0].unalias()
    rewritten = to_sql(selected.unnest())
    return condition if rewritten == to_sql(parse_expression(condition).unnest()) else rewritten


def drop_constraint(table: UnityTable, name: str, *, if_exists: bool) -> None:
    """Drop the primary key or a CHECK constraint of a table.

    Parameters
    ----------
    table : UnityTable
    name : str
        The name of the constraint, in any case.
    if_exists : bool
        Whether a constraint that does not exist is ignored.

    Raises
    ------
    NotFoundError
        If the table does not have the constraint.
    """
    key = table.primary_key
    if key is not None and key.name.lower() == name.lower():
        table.set_primary_key(None)
        return
    for check in table.checks:
        if check.lower() == name.lower():
            table.drop_check(check)
            return
    if if_exists:
        return
    existing = [*([key.name] if key else []), *table.checks]
    raise NotFoundError(
        f"Cannot drop nonexistent constraint {name} from table '{table.name}': it has "
        f"{', '.join(f'`{n}`' for n in existing) or 'none'}. Add IF EXISTS to pass over it.",
        condition=conditions.DELTA_CONSTRAINT_DOES_NOT_EXIST,
    )


def _drop_primary_key(session: Session, node: DropPrimaryKey) -> None:
    table = session.unity.table(session.resolve(node.target))
    if table.primary_key is None and not node.args["exists"]:
        raise NotFoundError(f"Table '{table.name}' has no primary key to drop.")
    table.set_primary_key(None)


HANDLERS: Handlers = {DropPrimaryKey: _drop_primary_key}
