"""``VERSION AS OF`` and ``TIMESTAMP AS OF`` as Databricks knows them.

The option ``timestampAsOf`` takes a date, too, which Sail does not know.

Delta writes a checkpoint each ten versions, and beside it a hint which one is the newest. Sail takes the
hint for any version: it cannot read an older one then ("Missing commit file"). Without the hint, which
Delta's protocol has as optional, it looks for the checkpoint that it needs.

Follows https://docs.databricks.com/aws/en/delta/history#time-travel and
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#last-checkpoint-file
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.spark.plans import messages

if TYPE_CHECKING:
    from google.protobuf.message import Message

_AS_OF = re.compile(
    r"\b(?:VERSION|TIMESTAMP|SYSTEM_TIME|SYSTEM_VERSION)\s+AS\s+OF\b", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OPTIONS = frozenset({"versionasof", "timestampasof"})


def prepare_time_travel(catalogs: UnityCatalog, plan: Message) -> None:
    """Let the engine find an older version, where a plan reads one.

    Parameters
    ----------
    catalogs : UnityCatalog
        The tables that the plan may read.
    plan : Message
        Spark Connect's plan; a date in it becomes a time.
    """
    found = [message for message in messages(plan) if _travels(message)]
    if not found:
        return
    for message in found:
        _complete_dates(message)
    for name in catalogs.all_tables():
        hint = catalogs.path(name) / "_delta_log" / "_last_checkpoint"
        # a folder that cannot be written to, or on Windows a file that is being read: the engine says so
        with suppress(OSError):
            hint.unlink(missing_ok=True)


def _travels(message: Message) -> bool:
    return any(_AS_OF.search(text) for text in _texts(message)) or any(
        key.lower() in _OPTIONS for key in getattr(message, "options", ())
    )


def _complete_dates(message: Message) -> None:
    """Give a date in ``timestampAsOf`` the time of day that it stands for: its first moment."""
    options = getattr(message, "options", {})
    for key in [key for key in options if key.lower() == "timestampasof"]:
        if _DATE.fullmatch(options[key].strip()):
            options[key] = f"{options[key].strip()} 00:00:00"


def _texts(message: Message) -> Iterator[str]:
    for field in ("sql", "query"):
        text = getattr(message, field, None)
        if isinstance(text, str):
            yield text
