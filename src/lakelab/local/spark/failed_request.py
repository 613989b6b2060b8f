"""A request that the engine refused: what the user asked, for a message that helps."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.spark.plan_expressions import to_tree
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse, parse_expression
from lakelab.local.sql.rewrites.arithmetic import integer_name, is_checked
from lakelab.local.sql.session import Session

_SUGGESTIONS = 5
_FRAME_MERGES = "MergeIntoTableCommand"
_FRAME_WRITES = frozenset({"WriteOperation", "WriteOperationV2"})


class FailedRequest:
    """A request that the engine refused.

    Parameters
    ----------
    session : Session, optional
        The session of the request; None if it is not known.
    request : google.protobuf.message.Message, optional
        The request of Spark Connect.

    Examples
    --------
    >>> FailedRequest().is_merge
    False
    """

    def __init__(self, session: Session | None = None, request: Any = None):
        self._session = session
        self._messages = list(messages(request)) if request is not None else []

    @property
    def is_merge(self) -> bool:
        """Whether it is a MERGE, in SQL or by ``DataFrame.mergeInto``."""
        return self._has(_FRAME_MERGES) or any(
            tree.find(exp.Merge) is not None for tree in self._trees()
        )

    @property
    def rewrites_rows(self) -> bool:
        """Whether it is an UPDATE or a MERGE."""
        return self.is_merge or any(isinstance(tree, exp.Update) for tree in self._trees())

    @property
    def is_insert(self) -> bool:
        """Whether it writes rows to a table, in SQL or by a DataFrame writer."""
        return any(map(self._has, _FRAME_WRITES)) or any(
            isinstance(tree, exp.Insert | exp.Update | exp.Merge) for tree in self._trees()
        )

    @property
    def is_join_using(self) -> bool:
        """Whether it joins by columns of the same name."""
        using = (message for message in self._messages if message.DESCRIPTOR.name == "Join")
        return any(message.using_columns for message in using) or any(
            join.args.get("using") for tree in self._trees() for join in tree.find_all(exp.Join)
        )

    @property
    def has_group_by(self) -> bool:
        """Whether a query of it has GROUP BY, in SQL or by ``DataFrame.groupBy``."""
        grouped = (m for m in self._messages if m.DESCRIPTOR.name == "Aggregate")
        return any(message.grouping_expressions for message in grouped) or any(
            tree.find(exp.Group) is not None for tree in self._trees()
        )

    @property
    def has_correlated_subquery(self) -> bool:
        """Whether an expression of it is a subquery that names a table of the query around it."""
        return any(
            _is_correlated(query)
            for tree in self._trees()
            for query in tree.find_all(exp.Select)
            if query.parent_select is not None
        )

    def calls(self, function: str) -> bool:
        """Return whether it calls a function, in SQL or in a plan."""
        return any(
            getattr(message, "function_name", "") == function for message in self._messages
        ) or any(
            str(call.this).lower() == function
            for tree in self._trees()
            for call in tree.find_all(exp.Anonymous)
        )

    def checks_overflow(self, type_name: str) -> bool:
        """Return whether a cast to a type of integers checks an operator, in SQL or in a plan."""
        return any(
            is_checked(cast) and integer_name(cast) == type_name
            for tree in self._expressions()
            for cast in tree.find_all(exp.Cast)
        )

    def columns(self) -> list[str]:
        """Return the columns of the tables that it names, the first table first."""
        found: dict[str, None] = {}
        for name in self._table_names():
            found |= dict.fromkeys(self._columns_of(name))
        return list(found)

    def similar_columns(self, name: str) -> list[str]:
        """Return the columns of its tables, those with a similar name first, five at most."""
        columns = {column.lower(): column for column in self.columns()}
        similar = difflib.get_close_matches(name.lower(), columns, n=_SUGGESTIONS, cutoff=0)
        return [columns[column] for column in similar]

    def _has(self, kind: str) -> bool:
        return any(message.DESCRIPTOR.name == kind for message in self._messages)

    def _trees(self) -> Iterator[exp.Expr]:
        """Yield the trees of the SQL statements in it."""
        for message in self._messages:
            for field in ("sql", "query"):
                text = getattr(message, field, None)
                if isinstance(text, str) and text and (tree := parse(text).tree) is not None:
                    yield tree

    def _expressions(self) -> Iterator[exp.Expr]:
        """Yield the trees of the statements, and of the expressions of plans."""
        yield from self._trees()
        for message in self._messages:
            if message.DESCRIPTOR.name == "Expression":
                yield to_tree(message)
            elif message.DESCRIPTOR.name == "ExpressionString":
                try:
                    yield parse_expression(message.expression)
                except SqlglotError:
                    continue

    def _table_names(self) -> Iterator[str]:
        for message in self._messages:
            if message.DESCRIPTOR.name == "NamedTable":
                yield message.unparsed_identifier
        for tree in self._trees():
            for table in tree.find_all(exp.Table):
                yield ".".join(f"`{part.name}`" for part in table.parts)

    def _columns_of(self, name: str) -> list[str]:
        if self._session is None:
            return []
        try:
            full = self._session.resolve(name)
            if not self._session.unity.exists(full):
                return []
            return [field["name"] for field in self._session.unity.table(full).fields]
        except UnityCatalogError:
            return []  # a path, a view or a name that does not exist: it has no columns to suggest


def _is_correlated(query: exp.Select) -> bool:
    tables = {table.alias_or_name for table in query.find_all(exp.Table)}
    return any(column.table and column.table not in tables for column in query.find_all(exp.Column))
