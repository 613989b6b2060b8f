"""What an overwrite must keep of a table: its NOT NULL columns and its CHECK constraints.

Sail replaces the schema at an overwrite, and does not check the constraints. Both are restored afterwards;
where a row breaks one, the table is restored to the version before the overwrite.

Follows https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.spark.check_constraints import broken_row, violation
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.session import Session


@dataclass(frozen=True)
class TablePromises:
    """What an overwrite must keep of a table.

    Parameters
    ----------
    version : int
        The table's version before the write.
    not_null : list of str
        Columns that have no nulls.
    checks : dict of str to str
        CHECK constraints: name and condition.
    """

    version: int
    not_null: list[str]
    checks: dict[str, str]

    @classmethod
    def before(cls, session: Session, name: TableName, write: WriteMessage) -> TablePromises | None:
        """Read what a write must keep of a table; None where the write creates the table."""
        if not session.unity.exists(name):
            return None
        table = session.unity.table(name)
        # the engine checks the rows of an overwrite by writeTo itself
        if not write.is_overwrite or write.replaces_table:
            return cls(table.version, [], {})
        not_null = [field["name"] for field in table.fields if not field["nullable"]]
        return cls(table.version, not_null, table.checks)

    def restore(self, session: Session, name: TableName) -> None:
        """Refuse an overwrite that breaks them, and declare them again.

        Raises
        ------
        pyspark.errors.AnalysisException
            If a row breaks one; the table is as it was before the write.
        """
        for check, condition in self.checks.items():
            if row := broken_row(session, name, condition):
                self._take_back(session, name)
                raise violation(check, condition, row)
        for column in self.not_null:
            table = session.unity.table(name)
            if not table.field(column)["nullable"]:
                continue
            try:
                table.set_not_null(column)
            except UnityCatalogError as error:
                self._take_back(session, name)
                raise AnalysisException(
                    message=f"[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for "
                    f"column: {column}. The write would put nulls into it; nothing was written."
                ) from error
        if self.not_null:
            refresh_schema(session, name)

    def _take_back(self, session: Session, name: TableName) -> None:
        session.unity.table(name).delta.restore(self.version)
        refresh_schema(session, name)
