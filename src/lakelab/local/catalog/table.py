"""One table of Unity Catalog: a Delta folder, and in its log what the catalog knows of it beside the data.

The comment is the Delta description, column comments are in the schema, and primary key and tags are table
properties. Nothing can get out of step.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    DamagedTableError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.names import TableName, quoted
from lakelab.local.delta.commit import Action, Metadata, commit, now

PRIMARY_KEY = "uc.primaryKey"
TAGS = "uc.tags"
COLUMN_TAGS = "uc.columnTags"
CLUSTERING = "uc.clusterBy"
CHANGE_DATA_FEED, _KEPT_AS = "delta.enableChangeDataFeed", "uc.changeDataFeed"
"""The engine cannot write to a table whose change data feed is on. So the property is kept under
another name, and whoever needs the changes between two versions compares their files."""
OUR_PROPERTIES = (PRIMARY_KEY, TAGS, COLUMN_TAGS, CLUSTERING, _KEPT_AS)
"""Table properties that hold what Unity Catalog keeps beside the table; not shown as properties."""


DEFAULTS = "delta.feature.allowColumnDefaults"
"""The property that allows columns to have defaults."""

_DEFAULT = "CURRENT_DEFAULT"
_CHECK = "delta.constraints."
_COLUMN_MAPPING = "delta.columnmapping.mode"
_YES_OR_NO = frozenset(
    {"delta.appendonly", "delta.enabledeletionvectors", "delta.enablechangedatafeed"}
)
_NO_TAG_KEY = frozenset(".,-=/:")
_MOST_TAGS = 50
_REMOVED = {"dataChange": True, "extendedFileMetadata": True}
_UNWRITABLE = re.compile(r"Unsupported table features required: \[(?P<features>.*)\]")


@dataclass(frozen=True)
class PrimaryKey:
    """The primary key of a table: its columns and, for a time series, which one is the time."""

    name: str
    columns: tuple[str, ...]
    timeseries_column: str | None = None

    @property
    def clause(self) -> str:
        """The key as ``CREATE TABLE`` says it.

        Examples
        --------
        >>> PrimaryKey("weather_pk", ("origin", "ts"), "ts").clause
        'PRIMARY KEY (`origin`, `ts` TIMESERIES)'
        """
        columns = (
            quoted(c) + (" TIMESERIES" if c == self.timeseries_column else "") for c in self.columns
        )
        return f"PRIMARY KEY ({', '.join(columns)})"

    def to_json(self) -> str:
        return json.dumps(
            {"name": self.name, "columns": self.columns, "timeseries": self.timeseries_column}
        )

    @classmethod
    def from_json(cls, text: str) -> PrimaryKey:
        told = json.loads(text)
        return cls(told["name"], tuple(told["columns"]), told["timeseries"])


_ATTEMPTS = 50
"""How often a change of what a table says of itself is tried when other writers commit first."""


class UnityTable:
    """One table: its Delta log, and what Unity Catalog keeps beside the data."""

    def __init__(self, name: TableName, path: Path, version: int | None = None):
        self.name = name
        self.path = path
        try:
            self.delta = DeltaTable(path, version=version)
        except DeltaError as error:
            if version is not None:  # there may be no such version
                raise
            raise DamagedTableError(
                f"Table '{name}' cannot be read, its Delta log is damaged: {path / '_delta_log'} "
                f"({str(error).splitlines()[0][:300]}). Restore the folder from a copy, or remove the "
                f"table: DROP TABLE {name}."
            ) from error

    @property
    def version(self) -> int:
        return self.delta.version()

    @property
    def comment(self) -> str | None:
        return self.delta.metadata().description

    @property
    def properties(self) -> dict[str, str]:
        """The table properties that a user set, without ours."""
        told = self.delta.metadata().configuration
        feed = {CHANGE_DATA_FEED: told[_KEPT_AS]} if _KEPT_AS in told else {}
        return {**_without(told, OUR_PROPERTIES), **feed}

    @property
    def change_data_feed(self) -> bool:
        """Whether the change data feed is on."""
        return self.properties.get(CHANGE_DATA_FEED, "").lower() == "true"

    @property
    def primary_key(self) -> PrimaryKey | None:
        told = self.delta.metadata().configuration.get(PRIMARY_KEY)
        return PrimaryKey.from_json(told) if told else None

    @property
    def tags(self) -> dict[str, str]:
        return json.loads(self.delta.metadata().configuration.get(TAGS) or "{}")

    @property
    def column_tags(self) -> dict[str, dict[str, str]]:
        return json.loads(self.delta.metadata().configuration.get(COLUMN_TAGS) or "{}")

    @property
    def clustering(self) -> list[str]:
        """The columns that rows lie together by (see :mod:`lakelab.local.sql.statements.cluster_by`)."""
        return json.loads(self.delta.metadata().configuration.get(CLUSTERING) or "[]")

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns as the Delta log has them: name, type, nullable, metadata."""
        return json.loads(self.delta.schema().to_json())["fields"]

    def field(self, column: str) -> dict[str, Any]:
        for field in self.fields:
            if field["name"].lower() == column.lower():
                return field
        names = ", ".join(field["name"] for field in self.fields)
        raise NotFoundError(
            f"Table '{self.name}' has no column '{column}'. It has: {names}.",
            condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
            sql_state="42703",
        )

    @property
    def checks(self) -> dict[str, str]:
        """The CHECK constraints: name and condition of each."""
        told = self.delta.metadata().configuration
        return {k.removeprefix(_CHECK): v for k, v in told.items() if k.startswith(_CHECK)}

    # ---- its files -----------------------------------------------------------------------------
    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        """Pack small files into larger ones, in the order of columns where some are named.

        A table that is clustered is put in the order of its own columns.

        Returns
        -------
        dict
            delta-rs's metrics: ``numFilesAdded``, ``numFilesRemoved``, ``filesAdded`` and others.
        """
        optimizer, zorder_by = self.delta.optimize, zorder_by or self.clustering
        with self.written_by_delta_rs("OPTIMIZE"):
            return optimizer.z_order(list(zorder_by)) if zorder_by else optimizer.compact()

    def vacuum(self, hours: float, *, dry_run: bool, full: bool = True) -> list[str]:
        """Delete the files that no version of the last hours needs, or name them in a dry run."""
        return self.delta.vacuum(
            int(hours), dry_run=dry_run, enforce_retention_duration=False, full=full
        )

    def restore(self, version: int) -> None:
        """Make a table what it was; its key and tags stay, as Unity Catalog keeps them elsewhere."""
        before = self.delta.metadata().configuration
        with self.written_by_delta_rs("RESTORE"):
            self.delta.restore(version)

        def keep_ours(new: Metadata) -> None:
            ours = {k: v for k, v in before.items() if k in OUR_PROPERTIES}
            new.configuration = {**_without(new.configuration, OUR_PROPERTIES), **ours}

        self._change("SET TBLPROPERTIES", keep_ours)

    @contextmanager
    def written_by_delta_rs(self, statement: str) -> Iterator[None]:
        """Say so where a table has a feature that delta-rs cannot write.

        The engine makes such tables, and writes to them.
        """
        try:
            yield
        except CommitFailedError as error:
            if not (told := _UNWRITABLE.search(str(error))):
                raise
            raise UnityCatalogError(
                f"{statement} of table '{self.name}' runs on Databricks only: the table has the feature "
                f"{told['features']}, which the Delta library of a laptop does not write.",
                condition="DELTA_UNSUPPORTED_FEATURES_FOR_WRITE",
                sql_state="56038",
            ) from error

    def take_back(self, version: int) -> None:
        """Undo one commit that rewrote rows: what others committed since then stays.

        Parameters
        ----------
        version : int
            The commit. Nobody has rewritten rows after it.
        """
        actions = self._actions(version)
        gone, back = ({a[k]["path"]: a[k] for a in actions if k in a} for k in ("add", "remove"))
        adds: dict[str, dict[str, Any]] = {}
        for earlier in range(version):
            if (self.path / "_delta_log" / f"{earlier:020}.json").exists():
                added = (a["add"] for a in self._actions(earlier) if "add" in a)
                adds |= {add["path"]: add for add in added if add["path"] in back}
        kept = ("path", "partitionValues", "size")
        undone: list[Action] = [
            {"remove": {**{k: add[k] for k in kept}, **_REMOVED, "deletionTimestamp": now()}}
            for add in gone.values()
        ]
        # a checkpoint may stand for the commit that added a file: then without its statistics
        for path, removed in back.items():
            add = {k: removed[k] for k in kept} | {"modificationTime": now(), "dataChange": True}
            undone.append({"add": adds.get(path, add)})

        def commit_it() -> None:
            parameters = {"version": str(version - 1)}
            commit(self.delta, self.path, "RESTORE", undone, parameters=parameters)
            self.delta.update_incremental()

        self.delta.update_incremental()
        self._insist(commit_it)

    def _actions(self, version: int) -> list[Action]:
        text = (self.path / "_delta_log" / f"{version:020}.json").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    # ---- what is said of it ----------------------------------------------------------------------

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        """Declare the key, or drop it with None.

        Raises
        ------
        UnityCatalogError
            If a column is nullable, or there is a key already.
        """

        def set_it(new: Metadata) -> None:
            told = self._valid_key(key) if key else None
            new.configuration = _without(new.configuration, [PRIMARY_KEY])
            if told:
                new.configuration[PRIMARY_KEY] = told.to_json()

        self._change("ADD CONSTRAINT" if key else "DROP CONSTRAINT", set_it)

    def _valid_key(self, key: PrimaryKey) -> PrimaryKey:
        """Give the key with the columns' names as the table writes them."""
        if self.primary_key:
            raise AlreadyExistsError(
                f"Table '{self.name}' already has the primary key '{self.primary_key.name}'. "
                f"Drop it first: ALTER TABLE {self.name} DROP CONSTRAINT {self.primary_key.name}."
            )
        key = PrimaryKey(
            key.name,
            tuple(self.field(column)["name"] for column in key.columns),
            key.timeseries_column and self.field(key.timeseries_column)["name"],
        )
        nullable = [column for column in key.columns if self.field(column)["nullable"]]
        if nullable:
            raise UnityCatalogError(
                f"Cannot create the primary key `{key.name}` because its child column(s) "
                f"{', '.join(f'`{c}`' for c in nullable)} is nullable. Please change the column "
                f"nullability and retry: ALTER TABLE {self.name} ALTER COLUMN {nullable[0]} SET NOT NULL."
            )
        return key

    def set_clustering(self, columns: Sequence[str]) -> None:
        """Say which columns rows lie together by; none lets them lie as they come."""

        def set_it(new: Metadata) -> None:
            new.configuration = _without(new.configuration, [CLUSTERING])
            if columns:
                new.configuration[CLUSTERING] = json.dumps(list(columns))

        self._change("CLUSTER BY", set_it, {"newClusteringColumns": ",".join(columns)})

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Set properties as a user does with ``ALTER TABLE ... SET TBLPROPERTIES``.

        Raises
        ------
        UnityCatalogError
            If one is none that a table on a laptop can have.
        """
        require_known_properties(properties)
        kept = {kept_name(name): value for name, value in properties.items()}

        def set_them() -> None:
            # delta-rs looks at the values, and raises the protocol where one needs it
            try:
                self.delta.alter.set_table_properties(kept, raise_if_not_exists=False)
            except CommitFailedError as error:
                if not _UNWRITABLE.search(str(error)):
                    raise
                self._change("SET TBLPROPERTIES", lambda new: new.configuration.update(kept))

        try:
            self._insist(set_them)
        except CommitFailedError:
            raise
        except DeltaError as error:
            raise UnityCatalogError(
                f"The properties {kept} of table '{self.name}' cannot be set: {error}",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            ) from error

    def unset_properties(self, names: Iterable[str]) -> None:
        """Forget properties; those that are not there are passed over."""
        kept = {kept_name(name) for name in names}

        def forget(new: Metadata) -> None:
            new.configuration = _without(new.configuration, kept)

        self._change("UNSET TBLPROPERTIES", forget, {"properties": json.dumps(sorted(kept))})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags, those of other keys stay.

        Raises
        ------
        UnityCatalogError
            If a key or value is none, or there would be too many.
        """
        self._change_json(TAGS, lambda old: with_tags(old, tags))

    def unset_tags(self, keys: list[str]) -> None:
        self._change_json(TAGS, lambda old: _without(old, keys))

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        name = self.field(column)["name"]
        self._change_json(
            COLUMN_TAGS, lambda old: {**old, name: with_tags(old.get(name, {}), tags)}
        )

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        name = self.field(column)["name"]
        self._change_json(COLUMN_TAGS, lambda old: {**old, name: _without(old.get(name, {}), keys)})

    def set_comment(self, text: str | None) -> None:
        """Say what the table is about; None says nothing."""

        def describe(new: Metadata) -> None:
            new.description = text

        self._change("SET TBLPROPERTIES", describe, {"properties": json.dumps({"comment": text})})

    def set_column_comment(self, column: str, text: str | None) -> None:
        """Say what a column is about; None says nothing."""
        name = self.field(column)["name"]

        def describe(new: Metadata) -> None:
            told = new.field(name)
            told["metadata"] = _without(told["metadata"], ["comment"])
            if text is not None:
                told["metadata"]["comment"] = text

        self._change("CHANGE COLUMN", describe, {"column": name})

    def add_columns(self, fields: Sequence[dict[str, Any]], after: Sequence[str | None]) -> None:
        """Add columns, which are null in the rows that are there.

        Parameters
        ----------
        fields : sequence of dict
            The columns as the Delta log has them: name, type, nullable, metadata.
        after : sequence of str or None
            For each, the column that it comes after: "" puts it first, None last.

        Raises
        ------
        AlreadyExistsError
            If there is a column of that name.
        """

        def add(new: Metadata) -> None:
            for field, before in zip(fields, after, strict=True):
                names = [told["name"].lower() for told in new.fields]
                if field["name"].lower() in names:
                    raise AlreadyExistsError(
                        f"Cannot add column, because `{field['name']}` already exists in table "
                        f"'{self.name}'.",
                        condition="FIELD_ALREADY_EXISTS",
                        sql_state="42710",
                    )
                place = len(names) if before is None else 0
                if before:
                    place = names.index(self.field(before)["name"].lower()) + 1
                new.fields.insert(place, field)

        added = json.dumps([{"column": field} for field in fields])
        self._change("ADD COLUMNS", add, {"columns": added})

    def remove_columns(self, names: Sequence[str]) -> None:
        """Take back columns that were added and that no row has a value of."""

        def remove(new: Metadata) -> None:
            new.fields = [field for field in new.fields if field["name"] not in names]

        self._change("DROP COLUMNS", remove, {"columns": json.dumps(list(names))})

    def drop_check(self, name: str) -> None:
        """Drop a CHECK constraint."""

        def drop(new: Metadata) -> None:
            new.configuration = _without(new.configuration, [_CHECK + name])

        self._change("DROP CONSTRAINT", drop, {"name": name})

    def set_not_null(self, column: str) -> None:
        """Forbid nulls in a column, after checking that it has none.

        Raises
        ------
        UnityCatalogError
            If the column has nulls now.
        """
        name = self.field(column)["name"]

        def forbid(new: Metadata) -> None:
            rows = self.delta.to_pyarrow_dataset().to_batches(columns=[name])
            nulls = sum(batch.column(0).null_count for batch in rows)
            if nulls:
                raise UnityCatalogError(
                    f"Cannot set '{name}' of table '{self.name}' to NOT NULL: {nulls} of its rows "
                    f"have null there. Fill or delete them first.",
                    condition="DELTA_NEW_NOT_NULL_VIOLATION",
                    sql_state="23512",
                )
            new.field(name)["nullable"] = False

        self._change("CHANGE COLUMN", forbid, {"column": name, "nullable": "false"})

    def default(self, column: str) -> str | None:
        """Give the default of a column as it was declared, None where it has none."""
        return self.field(column)["metadata"].get(_DEFAULT)

    def set_default(self, column: str, expression: str | None) -> None:
        """Declare what a column gets where a row has no value for it; None takes that back.

        On Databricks the property that allows it raises the table's protocol. It does not here: the
        Delta library could write nothing any more, and the engine knows defaults without it.

        Raises
        ------
        UnityCatalogError
            If the table was not told to allow defaults.
        """
        name = self.field(column)["name"]
        if expression is not None:
            features = self.delta.protocol().writer_features or ()
            if not (DEFAULTS.split(".")[-1] in features or allows_defaults(self.properties)):
                raise no_defaults("ALTER TABLE", self.name)

        def declare(new: Metadata) -> None:
            told = new.field(name)
            told["metadata"] = _without(told["metadata"], [_DEFAULT])
            if expression is not None:
                told["metadata"][_DEFAULT] = expression

        self._change("CHANGE COLUMN", declare, {"column": name})

    def allow_null(self, column: str) -> None:
        """Allow nulls in a column again."""
        name = self.field(column)["name"]

        def allow(new: Metadata) -> None:
            new.field(name)["nullable"] = True

        self._change("CHANGE COLUMN", allow, {"column": name, "nullable": "true"})

    def lift_constraints(self) -> None:
        """Allow nulls in all columns, and forget the CHECK constraints."""

        def lift(new: Metadata) -> None:
            for field in new.fields:
                field["nullable"] = True
            checks = [name for name in new.configuration if name.startswith(_CHECK)]
            new.configuration = _without(new.configuration, checks)

        self._change("DROP CONSTRAINT", lift)

    def set_constraints(self, not_null: Sequence[str], checks: Mapping[str, str]) -> None:
        """Set what `lift_constraints` lifted; the rows have not changed meanwhile."""

        def set_them(new: Metadata) -> None:
            for name in not_null:
                new.field(name)["nullable"] = False
            new.configuration |= {_CHECK + name: check for name, check in checks.items()}

        self._change("ADD CONSTRAINT", set_them)

    def replace_metadata(
        self, description: str | None, configuration: Mapping[str, str], operation: str
    ) -> None:
        """Give the table another comment and other properties, ours among them."""

        def replace(new: Metadata) -> None:
            new.description, new.configuration = description, dict(configuration)

        self._change(operation, replace)

    def _change_json(
        self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]
    ) -> None:
        """Change one of our properties, whose value is JSON."""

        def set_it(new: Metadata) -> None:
            old = json.loads(new.configuration.get(name) or "{}")
            new.configuration[name] = json.dumps(change(old))

        self._change("SET TBLPROPERTIES", set_it, {"properties": json.dumps([name])})

    def _change(
        self,
        operation: str,
        change: Callable[[Metadata], None],
        parameters: dict[str, str] | None = None,
    ) -> None:
        """Commit what is said of the table, changed as it is by then."""

        def commit_it() -> None:
            new = Metadata.of(self.delta)
            change(new)
            if new != Metadata.of(self.delta):
                commit(self.delta, self.path, operation, [new.action()], parameters=parameters)
                self.delta.update_incremental()

        self.delta.update_incremental()
        self._insist(commit_it)

    def _insist(self, change: Callable[[], None]) -> None:
        """Change what a table says of itself anew where another writer was first.

        Unity Catalog keeps tags, comments and keys beside the table: two notebooks that set some at once
        do not fail there.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                return change()
            except CommitFailedError:
                time.sleep(random.uniform(0, 0.01 * attempt))  # let the others through
                self.delta.update_incremental()
        return change()


def allows_defaults(properties: Mapping[str, str]) -> bool:
    """Say whether properties allow columns to have defaults.

    Examples
    --------
    >>> allows_defaults({"delta.feature.allowColumnDefaults": "supported"})
    True
    """
    told = {name.lower(): value.lower() for name, value in properties.items()}
    return told.get(DEFAULTS.lower()) in ("supported", "enabled")


def no_defaults(statement: str, name: TableName) -> UnityCatalogError:
    """Say that a table does not allow its columns to have defaults.

    Follows https://docs.databricks.com/aws/en/delta/default-columns
    """
    return UnityCatalogError(
        f"Failed to execute {statement} command because it assigned a column DEFAULT value, but the "
        f"corresponding table feature was not enabled. Please retry the command again after executing "
        f"ALTER TABLE {name} SET TBLPROPERTIES('{DEFAULTS}' = 'supported').",
        condition="WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED",
        sql_state="0AKDE",
    )


def require_known_properties(properties: Mapping[str, str]) -> None:
    """Refuse the properties that a table on a laptop cannot have.

    Raises
    ------
    UnityCatalogError
        For column mapping: the local libraries could not read the table any more. And for a value
        that is none.
    """
    for name, value in properties.items():
        if name.lower() in _YES_OR_NO and value.lower() not in ("true", "false"):
            raise UnityCatalogError(
                f"'{name}' = '{value}' cannot be set: expected true or false.",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            )
    mode = next((v for k, v in properties.items() if k.lower() == _COLUMN_MAPPING), "none")
    if mode.lower() != "none":
        raise UnityCatalogError(
            f"Column mapping ('delta.columnMapping.mode' = '{mode}') is not supported on a laptop: the "
            f"local Delta library could not read the table any more. It works on Databricks.",
            condition="DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
            sql_state="0AKDC",
        )


def kept_name(prop: str) -> str:
    """Say under which name a property of a table is kept.

    Examples
    --------
    >>> kept_name("delta.enableChangeDataFeed"), kept_name("delta.appendOnly")
    ('uc.changeDataFeed', 'delta.appendOnly')
    """
    return _KEPT_AS if prop == CHANGE_DATA_FEED else prop


def with_tags(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Add tags to those of an object, within the limits that Unity Catalog documents.

    Follows https://docs.databricks.com/aws/en/database-objects/tags

    Raises
    ------
    UnityCatalogError
        If a key or value is none, or there would be too many.

    Examples
    --------
    >>> with_tags({"team": "ops"}, {"team": "ml", "reviewed": ""})
    {'team': 'ml', 'reviewed': ''}
    """
    for key, value in new.items():
        if not key or len(key) > 255 or len(value) > 1000 or set(key) & _NO_TAG_KEY:
            raise UnityCatalogError(
                f"'{key}' = '{value}' is not a valid tag: a key has 1 to 255 characters, none of "
                f"{' '.join(sorted(_NO_TAG_KEY))}, and a value at most 1,000.",
                condition="INVALID_PARAMETER_VALUE",
            )
    tags = {**old, **new}
    if len(tags) > _MOST_TAGS:
        raise UnityCatalogError(
            f"{len(tags)} tags are too many: an object can have at most {_MOST_TAGS}. Unset some "
            f"first.",
            condition="INVALID_PARAMETER_VALUE",
        )
    return tags


def _without(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}
