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
    """How an online table is stored at the moment, and how to ask for a row of it."""

    physical: str
    keys: tuple[str, ...]
    encoders: tuple[Callable[[Any], Any], ...]
    names: tuple[str, ...]
    decoders: tuple[tuple[int, Callable[[Any], Any]], ...]
    statement: str


class OnlineTable:
    """One online table, to look rows up by key. Any number of threads may.

    Parameters
    ----------
    database : Database
    name : str
        The three-level name of the online table.

    Raises
    ------
    NotFoundError
        If there is no such online table.
    """

    def __init__(self, database: Database, name: str):
        self.name = name
        self._database = database
        self._layout = self._read_layout()

    @property
    def keys(self) -> list[str]:
        """The columns that a row is looked up by."""
        return list(self._layout.keys)

    def lookup(self, key: Any) -> Row | None:
        """Give the row of a key, or None.

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
            If the key is not one of this table.
        NotFoundError
            If the online table is gone.
        OnlineStoreError
            If the database does not answer.
        """
        for attempt in (1, 2, 3):
            layout = self._layout
            try:
                if type(key) in _SCALARS and len(layout.encoders) == 1:  # most keys: it is quicker
                    values: tuple[Any, ...] = (layout.encoders[0](key),)
                else:
                    values = self._key(layout, key)
                found = self._database.fetch(layout.statement, values)
            except ValueError:
                # it may be a key of the table as it is stored now
                self._layout = self._read_layout()
                if self._layout.physical == layout.physical:
                    raise
            except self._database.Error as error:
                # the database was restarted, or the table is stored in another way now
                self._database.forget()
                if attempt == 3:
                    raise OnlineStoreError(
                        f"Online table '{self.name}' cannot be read: {error}"
                    ) from error
                self._layout = self._read_layout()
            else:
                return None if found is None else _decoded(layout, found)
        raise OnlineStoreError(
            f"Online table '{self.name}' is published anew faster than it is read."
        )

    def lookup_many(self, keys: Iterable[Any]) -> list[Row | None]:
        """Give the row of each key, or None in its place."""
        return [self.lookup(key) for key in keys]

    def _key(self, layout: _Layout, key: Any) -> tuple[Any, ...]:
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
            told = connection.execute(
                select(published_tables).where(published_tables.c.name == self.name)
            ).one_or_none()
        if told is None:
            raise NotFoundError(
                f"Online table '{self.name}' does not exist. Publish a feature table to it first: "
                f"FeatureEngineeringClient().publish_table(...)."
            )
        columns = [OnlineColumn(**column) for column in told.columns]
        dialect = self._database.dialect
        decoders = [(place, column.decoder(dialect)) for place, column in enumerate(columns)]
        keys = [next(c for c in columns if c.name == key) for key in told.keys]
        mark, percent = ("?", "%") if dialect == "sqlite" else ("%s", "%%")
        name = {column.name: quoted(column.name).replace("%", percent) for column in columns}
        where = " AND ".join(f"{name[key.name]} = {mark}" for key in keys)
        statement = f"SELECT {', '.join(name.values())} FROM {quoted(told.physical)} WHERE {where}"
        return _Layout(
            told.physical,
            tuple(told.keys),
            tuple(key.key_encoder(dialect) for key in keys),
            tuple(column.name for column in columns),
            tuple((place, decode) for place, decode in decoders if decode is not None),
            statement,
        )


def _decoded(layout: _Layout, found: tuple[Any, ...]) -> Row:
    if not layout.decoders:
        return dict(zip(layout.names, found, strict=True))
    values = list(found)
    for place, decode in layout.decoders:
        if values[place] is not None:
            values[place] = decode(values[place])
    return dict(zip(layout.names, values, strict=True))
