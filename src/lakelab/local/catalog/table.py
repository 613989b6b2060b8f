"""A table of Unity Catalog: a Delta folder, whose log also holds what the catalog knows about the table.

A change of metadata is one commit, or none if nothing changes. delta-rs commits OPTIMIZE, VACUUM and RESTORE. The
rules are in the modules that this module
imports: properties, tags, columns and constraints. :mod:`lakelab.local.catalog.snapshot` reads the log.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from deltalake.exceptions import CommitFailedError, DeltaError

from lakelab.local.catalog import columns, conditions, constraints
from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.properties import (
    CLUSTERING,
    COLUMN_TAGS,
    TAGS,
    check_properties,
    require_may_remove,
    restore_properties,
    store_skipping_properties,
    stored_name,
    without,
)
from lakelab.local.catalog.snapshot import TableSnapshot
from lakelab.local.catalog.tags import merge_tags
from lakelab.local.delta.commit import Action, commit, commit_version
from lakelab.local.delta.metadata import Metadata
from lakelab.local.delta.protocol import require_writer_feature
from lakelab.local.delta.retry import retry_commit
from lakelab.local.delta.revert import revert_actions
from lakelab.local.delta.staged import removal, replacing_actions
from lakelab.local.delta.state import TableState
from lakelab.local.delta.statistics import omits, removal_actions

_UNSUPPORTED = re.compile(r"Unsupported table features required: \[(?P<features>.*)\]")


class UnityTable(TableSnapshot):
    """A table that can be changed: its files, and what Unity Catalog keeps beside the data.

    The parameters are those of `TableSnapshot`.
    """

    # ---- files -----------------------------------------------------------------------------------
    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        """Compact small files, and sort the rows by columns if some are given.

        The rows of a clustered table are sorted by its clustering columns.

        Returns
        -------
        dict
            delta-rs's metrics: ``numFilesAdded``, ``numFilesRemoved``, ``filesAdded`` and others.
        """
        optimizer, zorder_by = self.delta.optimize, zorder_by or self.clustering
        with self.translate_write_errors("OPTIMIZE"):
            return optimizer.z_order(list(zorder_by)) if zorder_by else optimizer.compact()

    def vacuum(self, hours: float, *, dry_run: bool, full: bool = True) -> list[str]:
        """Delete the files that no version of the last hours needs; a dry run only lists the files."""
        return self.delta.vacuum(
            int(hours), dry_run=dry_run, enforce_retention_duration=False, full=full
        )

    def restore(self, version: int) -> None:
        """Restore an earlier version; the key and the tags stay as they are now, as on Databricks."""
        before = self.configuration
        with self.translate_write_errors("RESTORE"):
            self.delta.restore(version)

        def keep_internal(metadata: Metadata) -> None:
            metadata.configuration = restore_properties(metadata.configuration, before)

        self._commit_metadata("SET TBLPROPERTIES", keep_internal)
        self.remove_statistics()

    def remove_statistics(self) -> None:
        """Remove the statistics of columns, which lack NaN, if the table has any for numbers that can be NaN.

        Raises
        ------
        lakelab.local.delta.statistics.StatisticsError
            If the table has a feature with which that cannot be done.
        """

        def actions() -> list[Action]:
            metadata = Metadata.read(self.delta)
            if not omits(metadata.configuration):
                metadata.configuration = store_skipping_properties(metadata.configuration)
            return removal_actions(self.delta, self.path, metadata)

        self._commit(actions, "COMPUTE STATS", None)

    def revert_commit(self, version: int) -> None:
        """Undo one commit that rewrote rows; commits of others after it stay in effect.

        Parameters
        ----------
        version : int
            The commit. No later commit may have rewritten rows.
        """
        actions = revert_actions(self.path, version)
        self._commit(lambda: actions, "RESTORE", {"version": str(version - 1)})

    @contextmanager
    def translate_write_errors(self, statement: str) -> Iterator[None]:
        """Raise a clear error if the table allows appends only, or has a feature that delta-rs cannot write.

        The engine creates such tables, and writes to them.

        Raises
        ------
        UnityCatalogError
            In place of delta-rs's error.
        """
        try:
            yield
        except CommitFailedError as error:
            if "append-only" in str(error):
                require_may_remove(self.configuration)
            if not (unsupported := _UNSUPPORTED.search(str(error))):
                raise
            raise UnityCatalogError(
                f"{statement} of table '{self.name}' runs on Databricks only: the table has the feature "
                f"{unsupported['features']}, which the Delta library of a laptop does not write.",
                condition=conditions.DELTA_UNSUPPORTED_FEATURES_FOR_WRITE,
            ) from error

    # ---- comments, properties and tags -------------------------------------------------------------
    def set_comment(self, text: str | None) -> None:
        """Set the table's comment; None removes the comment."""

        def describe(metadata: Metadata) -> None:
            metadata.description = text

        properties = json.dumps({"comment": text})
        self._commit_metadata("SET TBLPROPERTIES", describe, {"properties": properties})

    def set_column_comment(self, column: str, text: str | None) -> None:
        """Set the comment of a column; None removes the comment."""
        name = self.field(column)["name"]

        def describe(metadata: Metadata) -> None:
            columns.set_field_metadata(metadata.field(name), "comment", text)

        self._commit_metadata("CHANGE COLUMN", describe, {"column": name})

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Set properties as a user does with ``ALTER TABLE ... SET TBLPROPERTIES``.

        Raises
        ------
        UnityCatalogError
            If a table on a laptop cannot have one of the properties.
        """
        check_properties(properties)
        stored = {stored_name(name): value for name, value in properties.items()}

        def set_them() -> None:
            # delta-rs checks the values, and raises the protocol if a property needs it
            try:
                self.delta.alter.set_table_properties(stored, raise_if_not_exists=False)
            except CommitFailedError as error:
                if not _UNSUPPORTED.search(str(error)):
                    raise
                self._commit_metadata(
                    "SET TBLPROPERTIES", lambda metadata: metadata.configuration.update(stored)
                )

        try:
            self.commit_with_retries(set_them)
        except CommitFailedError:
            raise
        except DeltaError as error:
            raise UnityCatalogError(
                f"The properties {stored} of table '{self.name}' cannot be set: {error}",
                condition=conditions.DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED,
            ) from error

    def unset_properties(self, names: Iterable[str]) -> None:
        """Remove properties; a name that the table lacks is ignored."""
        stored = {stored_name(name) for name in names}

        def remove(metadata: Metadata) -> None:
            metadata.configuration = without(metadata.configuration, stored)

        self._commit_metadata(
            "UNSET TBLPROPERTIES", remove, {"properties": json.dumps(sorted(stored))}
        )

    def replace_metadata(
        self, description: str | None, configuration: Mapping[str, str], operation: str
    ) -> None:
        """Replace the comment and all properties, the internal ones included."""

        def replace(metadata: Metadata) -> None:
            metadata.description, metadata.configuration = description, dict(configuration)

        self._commit_metadata(operation, replace)

    def replace_definition(
        self, created: list[Action], configuration: Mapping[str, str], operation: str
    ) -> None:
        """Take all rows out of the table, and replace its columns, properties and comment, in one commit.

        Parameters
        ----------
        created : list of dict
            The actions of an empty table that has the new columns and the new comment.
        configuration : mapping
            All properties, the internal ones included.
        operation : str
            The operation in the history.

        Raises
        ------
        UnityCatalogError
            If the table has rows, and allows appends only.
        """
        comment = next(a["metaData"] for a in created if "metaData" in a).get("description")

        def attempt() -> None:
            state = TableState.read(self.path)
            actions = replacing_actions(state, created, configuration, comment)
            removals = [removal(add) for add in state.files.values()]
            if removals:
                require_may_remove(state.configuration)
            info = {"operation": operation, "operationParameters": {}}
            commit_version(self.path, state.version + 1, info, [*actions, *removals])

        self.commit_with_retries(attempt)
        self.delta.update_incremental()

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; tags with other keys stay.

        Raises
        ------
        UnityCatalogError
            If a key or value is invalid, or the table would have too many tags.
        """
        self.change_tags(TAGS, lambda old: merge_tags(old, tags))

    def unset_tags(self, keys: list[str]) -> None:
        self.change_tags(TAGS, lambda old: without(old, keys))

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        name = self.field(column)["name"]
        self.change_tags(
            COLUMN_TAGS, lambda old: {**old, name: merge_tags(old.get(name, {}), tags)}
        )

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        name = self.field(column)["name"]
        self.change_tags(COLUMN_TAGS, lambda old: {**old, name: without(old.get(name, {}), keys)})

    def change_tags(self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Change the property that holds the tags of the table, or those of its columns."""

        def set_it(metadata: Metadata) -> None:
            old = json.loads(metadata.configuration.get(name) or "{}")
            metadata.configuration[name] = json.dumps(change(old))

        self._commit_metadata("SET TBLPROPERTIES", set_it, {"properties": json.dumps([name])})

    # ---- columns and constraints -------------------------------------------------------------------
    def set_clustering(self, names: Sequence[str]) -> None:
        """Set the clustering columns; no names turn clustering off."""

        def set_it(metadata: Metadata) -> None:
            metadata.configuration = without(metadata.configuration, [CLUSTERING])
            if names:
                metadata.configuration[CLUSTERING] = json.dumps(list(names))

        self._commit_metadata("CLUSTER BY", set_it, {"newClusteringColumns": ",".join(names)})

    def add_columns(
        self,
        fields: Sequence[dict[str, Any]],
        after: Sequence[str | None],
        parents: Sequence[Sequence[str]] | None = None,
    ) -> None:
        """Add columns, which are null in the existing rows.

        Parameters
        ----------
        fields : sequence of dict
            The columns as the Delta log has them: name, type, nullable, metadata.
        after : sequence of str or None
            For each, the column that it comes after: "" puts it first, None last.
        parents : sequence of sequence of str, optional
            For each, the path of the struct that gets it as a field.

        Raises
        ------
        AlreadyExistsError
            If there is a column of that name.
        NotFoundError
            If there is no such struct.
        """
        added = json.dumps([{"column": field} for field in fields])
        change = partial(
            columns.add_columns, fields=fields, after=after, table=self.name, parents=parents
        )
        self._commit_metadata("ADD COLUMNS", change, {"columns": added})

    def drop_columns(self, names: Sequence[str]) -> None:
        """Drop columns from the schema; the caller knows that no row has a value in them."""

        def drop(metadata: Metadata) -> None:
            metadata.fields = [field for field in metadata.fields if field["name"] not in names]

        self._commit_metadata("DROP COLUMNS", drop, {"columns": json.dumps(list(names))})

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        """Declare the primary key, or drop the key with None.

        Raises
        ------
        UnityCatalogError
            If a column is nullable, or the table already has a key.
        """
        change = partial(constraints.set_primary_key, key=key, table=self.name)
        self._commit_metadata("ADD CONSTRAINT" if key else "DROP CONSTRAINT", change)

    def add_check(self, name: str, condition: str) -> None:
        """Add a CHECK constraint, and the protocol that makes all writers check it.

        The rows are not checked. The engine's own statement would store the condition without backticks.
        """

        def actions() -> list[Action]:
            metadata = Metadata.read(self.delta)
            constraints.set_check(metadata, name, condition)
            return [*require_writer_feature(self.delta, "checkConstraints", 3), metadata.action()]

        parameters = {"name": name, "expr": condition}
        self._commit(actions, "ADD CONSTRAINT", parameters)

    def drop_check(self, name: str) -> None:
        """Drop a CHECK constraint."""
        change = partial(constraints.drop_check, name=name)
        self._commit_metadata("DROP CONSTRAINT", change, {"name": name})

    def set_not_null(self, column: str) -> None:
        """Forbid nulls in a column, after checking that it has none.

        Raises
        ------
        UnityCatalogError
            If the column has nulls now.
        """
        name = self.field(column)["name"]

        def forbid(metadata: Metadata) -> None:
            constraints.check_no_nulls(self.delta, name, self.name)
            metadata.field(name)["nullable"] = False

        self._commit_metadata("CHANGE COLUMN", forbid, {"column": name, "nullable": "false"})

    def drop_not_null(self, column: str) -> None:
        """Allow nulls in a column again."""
        name = self.field(column)["name"]

        def allow(metadata: Metadata) -> None:
            metadata.field(name)["nullable"] = True

        self._commit_metadata("CHANGE COLUMN", allow, {"column": name, "nullable": "true"})

    def set_default(self, column: str, expression: str | None) -> None:
        """Declare the default of a column, for rows without a value; None drops the default.

        On Databricks the property that allows defaults raises the table's protocol. Here the protocol
        stays: the Delta library could not write to the table any more, and the engine knows defaults
        without the protocol.

        Raises
        ------
        UnityCatalogError
            If the table does not allow defaults.
        """
        name = self.field(column)["name"]
        if expression is not None:
            constraints.check_allows_defaults(self.delta, self.name)
        change = partial(constraints.set_default, column=name, expression=expression)
        self._commit_metadata("CHANGE COLUMN", change, {"column": name})

    # ---- commits -----------------------------------------------------------------------------------
    def _commit_metadata(
        self,
        operation: str,
        change: Callable[[Metadata], None],
        parameters: dict[str, str] | None = None,
    ) -> None:
        """Change the newest metadata of the table, and commit unless they stay as they are."""

        def actions() -> list[Action]:
            metadata = Metadata.read(self.delta)
            change(metadata)
            return [] if metadata == Metadata.read(self.delta) else [metadata.action()]

        self._commit(actions, operation, parameters)

    def _commit(
        self,
        actions: Callable[[], list[Action]],
        operation: str,
        parameters: dict[str, str] | None,
    ) -> None:
        def attempt() -> None:
            if new := actions():
                commit(self.delta, self.path, operation, new, parameters=parameters)
                self.delta.update_incremental()

        self.delta.update_incremental()
        self.commit_with_retries(attempt)

    def commit_with_retries(self, attempt: Callable[[], None]) -> None:
        """Run a commit, and repeat it if another writer was first.

        On Databricks, two notebooks can set tags or comments of one table at the same time. `optimize`,
        `vacuum` and the part of `restore` that delta-rs commits do not use this method.
        """
        retry_commit(attempt, self.delta.update_incremental)
