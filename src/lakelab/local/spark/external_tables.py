"""Delta tables outside Unity Catalog: ``CREATE TABLE ... LOCATION`` gives the engine a name for a folder.

Follows https://docs.databricks.com/aws/en/tables/external
"""

from __future__ import annotations

from pathlib import Path

from lakelab.local.catalog.names import TableName
from lakelab.local.sql.session import Session


def external_folder(session: Session, name: TableName) -> Path | None:
    """Return the folder of an external Delta table; None if the engine has no such table of the name.

    Parameters
    ----------
    session : Session
    name : TableName
    """
    session.sync()  # another process may have dropped a table of the name
    with session.internal_queries():
        if not session.catalog.tableExists(name.quoted):
            return None
        rows = session.engine_sql(f"DESCRIBE EXTENDED {name.quoted}").collect()
    details = {row["col_name"]: row["data_type"] for row in rows}
    folder = Path((details.get("Location") or "").removeprefix("file://").removeprefix("file:"))
    is_delta = (details.get("Provider") or "").lower() == "delta"
    return folder if is_delta and (folder / "_delta_log").is_dir() else None
