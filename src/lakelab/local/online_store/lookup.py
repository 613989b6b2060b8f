"""Look up rows of an online table by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.online_store.database import (
    Database,
    OnlineStoreError,
    published_tables,
    quoted,
)
from lakelab.local.online_store.values import OnlineColumn

Row = dict[str, Any]
_SCALARS = frozenset((int, str))


@dataclass(frozen=True)
class _Layout:
    """The current storage of an online table, and the query for a row."""

    physical: str
    keys: tuple[str, ...]
    encoders: tuple[Callable[[Any], Any], ...]
    names: tuple[str, ...]
    decoders: tuple[tuple[int, Callable[[Any], Any]], ...]
    statement: str


class OnlineTable:
    """An online table with lookups of rows by key, from any number of threads.

    Parameters
    ----------
    database : Database
    name : str
        The three-level name of the online table.

    Raises
    ------
    NotFoundError
        If the online table does not exist.
    """

    def __init__(self, database: Database, name: str):
        self.name = name
        self._database = database
        self._layout = self._read_layout()

    @property
    def keys(self) -> list[str]:
        """The columns of the lookup key."""
        return list(self._layout.keys)

    def lookup(self, key: Any) -> Row | None:
        """Return the row of a key, or None.

        Parameters
        ----------
        key : object, sequence or mapping
            The value of the key; for a key of several columns their values in order, or by name.

        Returns
        -------
        dict of str to object or None
            All columns of the row. Times are naive, in UTC.

        Raises
        ------
        ValueError
            If the key does not match the key columns of the table.
        NotFoundError
            If the online table was deleted.
        OnlineStoreError
            If the database cannot be read.
        """
        for attempt in (1, 2, 3):
            layout = self._layout
            try:
                # the fast path for most keys
                if type(key) in _SCALARS and len(layout.encoders) == 1:
                    values: tuple[Any, ...] = (layout.encoders[0](key),)
                else:
                    values = self._encode_key(layout, key)
                found = self._database.fetch(layout.statement, values)
            except ValueError:
                # the online table may have other key columns since the layout was read
                self._layout = self._read_layout()
                if self._layout.physical == layout.physical:
                    raise
            except self._database.Error as error:
                # the database was restarted, or the online table was stored under another name
                self._database.discard_connection()
                if attempt == 3:
                    raise OnlineStoreError(
                        f"Online table '{self.name}' cannot be read: {error}"
                    ) from error
                self._layout = self._read_layout()
            else:
                return None if found is None else _decoded(layout, found)
        raise OnlineStoreError(
            f"Online table '{self.name}' is published again faster than it is read."
        )

    def lookup_many(self, keys: Iterable[Any]) -> list[Row | None]:
        """Return the row of each key, or None in its place."""
        return [self.lookup(key) for key in keys]

    def _encode_key(self, layout: _Layout, key: Any) -> tuple[Any, ...]:
        if isinstance(key, Mapping):
            if set(key) != set(layout.keys):
                raise ValueError(
                    f"'{self.name}' is looked up by {', '.join(layout.keys)}, "
                    f"not {', '.join(map(str, key))}."
                )
            key = [key[name] for name in layout.keys]
        elif isinstance(key, (str, bytes, bytearray)) or not isinstance(key, Sequence):
            key = [key]
        if len(key) != len(layout.keys):
            raise ValueError(
                f"'{self.name}' is looked up by {', '.join(layout.keys)}: {len(layout.keys)} value(s), "
                f"not {len(key)}."
            )
        return tuple([encode(value) for encode, value in zip(layout.encoders, key, strict=True)])

    def _read_layout(self) -> _Layout:
        with self._database.snapshot() as connection:
            table = connection.execute(
                select(published_tables).where(published_tables.c.name == self.name)
            ).one_or_none()
        if table is None:
            raise NotFoundError(
                f"Online table '{self.name}' does not exist. Publish a feature table to it first: "
                f"FeatureEngineeringClient().publish_table(...)."
            )
        columns = [OnlineColumn(**column) for column in table.columns]
        dialect = self._database.dialect
        decoders = [(index, column.decoder(dialect)) for index, column in enumerate(columns)]
        keys = [next(c for c in columns if c.name == key) for key in table.keys]
        placeholder, percent = ("?", "%") if dialect == "sqlite" else ("%s", "%%")
        name = {column.name: quoted(column.name).replace("%", percent) for column in columns}
        where = " AND ".join(f"{name[key.name]} = {placeholder}" for key in keys)
        statement = f"SELECT {', '.join(name.values())} FROM {quoted(table.physical)} WHERE {where}"
        return _Layout(
            table.physical,
            tuple(table.keys),
            tuple(key.key_encoder(dialect) for key in keys),
            tuple(column.name for column in columns),
            tuple((index, decode) for index, decode in decoders if decode is not None),
            statement,
        )


def _decoded(layout: _Layout, found: tuple[Any, ...]) -> Row:
    if not layout.decoders:
        return dict(zip(layout.names, found, strict=True))
    values = list(found)
    for index, decode in layout.decoders:
        if values[index] is not None:
            values[index] = decode(values[index])
    return dict(zip(layout.names, values, strict=True))
