"""``EXPLAIN``, ``REPLACE TABLE``, ``WITH SCHEMA EVOLUTION``, and ``DELETE`` without ``FROM``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-explain

Tested in ``tests/local/sql/grammar/test_row_changes.py``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.expressions import ExpressionGenerator
from lakelab.local.sql.grammar.parser import StatementNode, StatementParser

SCHEMA_EVOLUTION = "schema_evolution"
"""Argument of a MERGE or INSERT that adds the new columns of its rows to the table."""


ONLY_REPLACES = "only_replaces"
"""Mark of ``REPLACE TABLE``, which does not create a table."""

IS_SHORT = "is_short"
"""Mark of a DELETE without FROM, and of an INSERT without INTO."""


class Explain(StatementNode):
    """``EXPLAIN [EXTENDED | CODEGEN | COST | FORMATTED] statement``; `this` is the statement."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "mode": False}


class RowChangeParser(StatementParser):
    """Parse the statements that change rows, where sqlglot does not."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "EXPLAIN": ("_parse_explain",),
        "REPLACE": ("_parse_replace_table",),
    }

    def _parse_explain(self) -> Explain | None:
        if not self._match_words("EXPLAIN"):
            return None
        mode = self._match_one_of("EXTENDED", "CODEGEN", "COST", "FORMATTED")
        statement = self._parse_statement()
        # sqlglot parses any two words as an expression with an alias
        if statement is None or isinstance(statement, exp.Condition | exp.Alias | exp.Command):
            return None
        return Explain(this=statement, mode=mode)

    def _parse_replace_table(self) -> exp.Create | None:
        if not self._match(TokenType.REPLACE):
            return None
        create = self._parse_create()
        is_clone = isinstance(create, exp.Create) and create.args.get("clone")
        if not isinstance(create, exp.Create) or is_clone:
            return None
        create.meta[ONLY_REPLACES] = True
        return create

    def _parse_merge(self) -> exp.Merge:
        evolves = self._match_words("WITH SCHEMA EVOLUTION")
        merge: exp.Merge = super()._parse_merge()
        if evolves:
            merge.set(SCHEMA_EVOLUTION, True)
        return merge

    def _parse_insert(self) -> exp.Insert | exp.MultitableInserts:
        evolves = self._match_words("WITH SCHEMA EVOLUTION")
        short = not self._match_one_of("INTO", "OVERWRITE")
        if not short:
            self._retreat(self._index - 1)
        insert: exp.Insert | exp.MultitableInserts = super()._parse_insert()
        if short:
            insert.meta[IS_SHORT] = True
        if evolves:
            insert.set(SCHEMA_EVOLUTION, True)
        return insert

    def _parse_delete(self) -> exp.Delete:
        delete: exp.Delete = super()._parse_delete()
        tables = delete.args.get("tables")
        if not delete.this and tables and len(tables) == 1:
            delete = exp.Delete(**{**delete.args, "this": tables[0], "tables": None})
            delete.meta[IS_SHORT] = True
        return delete


def _explain_sql(self: Any, node: Explain) -> str:
    mode = node.args.get("mode")
    return f"EXPLAIN {mode + ' ' if mode else ''}{self.sql(node, 'this')}"


class RowChangeGenerator(ExpressionGenerator):
    """Write the statements that change rows as the engine reads them."""

    TRANSFORMS: ClassVar[dict[Any, Any]] = {**ExpressionGenerator.TRANSFORMS, Explain: _explain_sql}

    def merge_sql(self, expression: exp.Merge) -> str:
        return _evolving(expression, str(super().merge_sql(expression)), "MERGE INTO")

    def insert_sql(self, expression: exp.Insert) -> str:
        return _evolving(expression, str(super().insert_sql(expression)), "INSERT INTO")


def _evolving(expression: exp.Expr, text: str, start: str) -> str:
    if not expression.args.get(SCHEMA_EVOLUTION):
        return text
    verb, into = start.split()
    return text.replace(start, f"{verb} WITH SCHEMA EVOLUTION {into}", 1)
