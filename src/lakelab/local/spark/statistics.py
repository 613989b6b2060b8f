"""Tables without the statistics that the engine would take NaN for another value by.

A table that a DataFrame creates gets the property that keeps writers from adding statistics. ``CREATE TABLE`` and
the feature engineering client set it, too. Tables of other programs, and those of earlier releases, get it when
they are registered.

Follows https://docs.databricks.com/aws/en/delta/data-skipping and
https://spark.apache.org/docs/latest/sql-ref-datatypes.html#nan-semantics
"""

from __future__ import annotations

import warnings
from dataclasses import replace

from deltalake.exceptions import DeltaError

from lakelab.local.catalog.errors import DamagedTableError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.statistics import NO_STATISTICS, StatisticsError, omits_statistics
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.spark.write_message import WriteMessage


def omit_statistics(command: Command, proceed: Proceed) -> Answer:
    """Create the table of a DataFrame write without statistics of its columns."""
    if not WriteMessage.writes(command.message):
        return proceed(command)
    write = WriteMessage(command.message)
    if not write.creates_delta:
        return proceed(command)
    write = write.copy()
    write.set_properties(NO_STATISTICS)
    return proceed(replace(command, message=write.command))


def remove_statistics(unity: UnityCatalog, name: TableName) -> None:
    """Remove the statistics from a table that another program or an earlier release wrote.

    Parameters
    ----------
    unity : UnityCatalog
    name : TableName
        A table; whoever registers it may lack privileges on it.
    """
    path = unity.path(name)
    if omits_statistics(path):
        return
    try:
        with unity.locked(name):
            UnityTable(name, path).remove_statistics()
    except DamagedTableError:
        pass  # the engine cannot read it either, and the registration reports that
    except (StatisticsError, DeltaError, OSError) as error:
        warnings.warn(
            f"Table {name} has statistics of DOUBLE or FLOAT columns, by which the engine may read NaN "
            f"as another value, and they cannot be removed: {error}. Write the rows to a new table "
            f"with another program, or read the files with pyarrow.",
            stacklevel=2,
        )
