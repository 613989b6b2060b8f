"""The views of Unity Catalog, kept as files beside the tables of their schema.

``warehouse/catalog/schema/.views/name.json``: every process that lists the folder sees the same views, and a dropped
schema takes its views along. A view keeps the query that the user wrote, and the catalog and schema that were
current then, which complete the names in the query.

Follows https://docs.databricks.com/aws/en/views/
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName, valid_name
from lakelab.local.catalog.object_files import check_file_name, write_file
from lakelab.local.catalog.store import UnityCatalog, table_already_exists
from lakelab.local.catalog.types import sql_type


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view.

    Attributes
    ----------
    name : str
    type_json : Any
        The Spark type, as Spark serializes types in JSON.
    nullable : bool
    comment : str or None
    """

    name: str
    type_json: Any
    nullable: bool = True
    comment: str | None = None

    @property
    def sql_type(self) -> str:
        """The type as ``DESCRIBE`` shows it."""
        return sql_type(self.type_json)


@dataclass(frozen=True)
class UnityView:
    """A view.

    Attributes
    ----------
    name : TableName
    query : str
        The query as the user wrote it.
    catalog, schema : str
        What was current when the view got its query.
    columns : tuple of ViewColumn
    query_columns : tuple of str
        The columns of the query, in the order of the view's columns.
    comment : str or None
    properties : mapping of str to str
    creator : str
    created_at, changed_at : int
        Milliseconds since 1970, UTC.
    view_id : str
    """

    name: TableName
    query: str
    catalog: str
    schema: str
    columns: tuple[ViewColumn, ...]
    query_columns: tuple[str, ...]
    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    creator: str = ""
    created_at: int = 0
    changed_at: int = 0
    view_id: str = ""

    def column(self, name: str) -> ViewColumn:
        """Return a column; upper and lower case are the same.

        Raises
        ------
        NotFoundError
            If there is no such column.
        """
        found = next((c for c in self.columns if c.name.lower() == name.lower()), None)
        if found is None:
            raise NotFoundError(
                f"A column, variable, or function parameter with name `{name}` cannot be resolved. Did you "
                f"mean one of the following? [{', '.join(f'`{c.name}`' for c in self.columns)}].",
                condition=conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
            )
        return found

    def to_json(self) -> str:
        """Serialize the view for its file."""
        return json.dumps({**asdict(self), "name": str(self.name)}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, name: TableName, text: str) -> UnityView:
        """Parse the file of a view."""
        attributes = json.loads(text)
        attributes["columns"] = tuple(ViewColumn(**c) for c in attributes["columns"])
        attributes["query_columns"] = tuple(attributes["query_columns"])
        return cls(**{**attributes, "name": name})


class Views:
    """The views of a Unity Catalog.

    Parameters
    ----------
    unity : UnityCatalog
        The catalog whose folders hold the views.
    """

    def __init__(self, unity: UnityCatalog):
        self.unity = unity

    def get(self, name: TableName) -> UnityView:
        """Read a view.

        Raises
        ------
        NotFoundError
            If there is no such view.
        UnityCatalogError
            If the name is that of a table, or the file of the view is damaged.
        """
        path = self.unity.view_path(name)
        try:
            return UnityView.from_json(name, path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if self.unity.exists(name):
                raise not_a_view(name) from None
            self.unity.require_schema(name.catalog, name.schema)
            raise _not_found(self.unity, name) from None
        except (ValueError, TypeError, KeyError) as error:
            raise UnityCatalogError(
                f"The file of view '{name}' is damaged: {path} ({error}). Delete the file, and create "
                f"the view again."
            ) from error

    def create(self, view: UnityView, *, replaces: bool = False) -> None:
        """Create a view, or replace one.

        Raises
        ------
        AlreadyExistsError
            If a table has the name, or a view has it and `replaces` is false.
        NotFoundError
            If there is no such schema.
        """
        name = view.name
        schema = self.unity.require_schema(name.catalog, name.schema)
        valid_name(name.table, str(name))
        check_file_name(self.unity.view_path(name), f"view '{name}'")
        with self.unity.locked(name):
            if self.unity.exists(name):
                raise not_a_view(name) if replaces else table_already_exists(name)
            if self.unity.is_view(name) and not replaces:
                raise table_already_exists(name)
            now = int(time.time() * 1000)
            earlier = self.get(name) if self.unity.is_view(name) else None
            created = replace(
                view,
                created_at=earlier.created_at if earlier else now,
                changed_at=now,
                view_id=str(uuid.uuid4()),
            )
            write_file(schema, self.unity.view_path(name), created.to_json())

    @contextmanager
    def changed(self, name: TableName) -> Iterator[dict[str, Any]]:
        """Change attributes of a view: the block sets them in a dictionary.

        Raises
        ------
        NotFoundError
            If there is no such view.
        """
        with self.unity.locked(name):
            view = self.get(name)
            changes: dict[str, Any] = {"changed_at": int(time.time() * 1000)}
            yield changes
            schema = self.unity.require_schema(name.catalog, name.schema)
            write_file(schema, self.unity.view_path(name), replace(view, **changes).to_json())

    def rename(self, name: TableName, new: TableName) -> None:
        """Rename a view within its catalog, in one step.

        Raises
        ------
        AlreadyExistsError
            If the new name is taken.
        NotFoundError
            If there is no such view, or no such schema.
        """
        valid_name(new.table, str(new))
        if name.catalog != new.catalog:
            raise UnityCatalogError(
                f"View '{name}' cannot become '{new}': a view is renamed within its catalog."
            )
        self.unity.require_schema(new.catalog, new.schema)
        first, second = sorted((name, new), key=str)  # one order for all: no deadlock
        with self.unity.locked(first), self.unity.locked(second):
            self.get(name)
            if self.unity.exists(new) or self.unity.is_view(new):
                raise table_already_exists(new)
            target = self.unity.view_path(new)
            target.parent.mkdir(exist_ok=True)
            self.unity.view_path(name).rename(target)

    def drop(self, name: TableName) -> None:
        """Drop a view.

        Raises
        ------
        NotFoundError
            If there is no such view.
        UnityCatalogError
            If the name is that of a table.
        """
        with self.unity.locked(name):
            try:
                self.unity.view_path(name).unlink()
            except FileNotFoundError:
                self.get(name)  # its error says what the name is
                raise


def not_a_view(name: TableName, alternative: str = "") -> AlreadyExistsError:
    """Return the error for a table in the place of a view.

    Parameters
    ----------
    name : TableName
    alternative : str
        The statement to use instead, such as ``ALTER TABLE``; empty if there is none.
    """
    end = f" Please use {alternative} instead." if alternative else ""
    suffix = f"USE_{alternative.replace(' ', '_')}" if alternative else "NO_ALTERNATIVE"
    return AlreadyExistsError(
        f"The statement expects a view but {name.quoted} is a table.{end}",
        condition=conditions.EXPECT_VIEW_NOT_TABLE.sub(suffix),
    )


def _not_found(unity: UnityCatalog, name: TableName) -> NotFoundError:
    existing = ", ".join(v.table for v in unity.views(name.catalog, name.schema)) or "no view"
    return NotFoundError(
        f"View '{name}' does not exist. Schema '{name.catalog}.{name.schema}' has: {existing}.",
        condition=conditions.TABLE_OR_VIEW_NOT_FOUND,
    )
