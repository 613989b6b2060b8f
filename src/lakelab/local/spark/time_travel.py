"""``VERSION AS OF`` and ``TIMESTAMP AS OF`` as on Databricks.

The option ``timestampAsOf`` accepts a date, too, which Sail does not accept.

Delta writes a checkpoint every ten versions, and a hint to the newest checkpoint. Sail uses the hint for
any version, and cannot read an older version then ("Missing commit file"). Without the hint, which is
optional in Delta's protocol, Sail searches for the checkpoint that it needs.

Follows https://docs.databricks.com/aws/en/delta/history#time-travel and
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#last-checkpoint-file
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from lakelab.local.spark.plans import messages
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from google.protobuf.message import Message

_AS_OF = re.compile(
    r"\b(?:VERSION|TIMESTAMP|SYSTEM_TIME|SYSTEM_VERSION)\s+AS\s+OF\b", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OPTIONS = frozenset({"versionasof", "timestampasof"})


def prepare_time_travel(session: Session, plan: Message) -> None:
    """Make older versions readable for the engine, where a plan reads one.

    Parameters
    ----------
    session : Session
    plan : Message
        Spark Connect's plan; a date in it becomes a time.
    """
    travelling = [message for message in messages(plan) if _reads_older_version(message)]
    if not travelling:
        return
    for message in travelling:
        _complete_dates(message)
    for name in session.unity.all_tables():
        hint = session.unity.path(name) / "_delta_log" / "_last_checkpoint"
        # a read-only folder, or on Windows a file that is being read: the engine reports the error
        with suppress(OSError):
            hint.unlink(missing_ok=True)


def _reads_older_version(message: Message) -> bool:
    if _AS_OF.search(_statement(message)):
        return True
    return any(key.lower() in _OPTIONS for key in getattr(message, "options", ()))


def _statement(message: Message) -> str:
    """Return the SQL text of a message; empty for other messages."""
    for field in ("sql", "query"):
        text = getattr(message, field, None)
        if text and isinstance(text, str):
            return text
    return ""


def _complete_dates(message: Message) -> None:
    """Add the time of day to a date in ``timestampAsOf``: its first moment."""
    options = getattr(message, "options", {})
    for key in [key for key in options if key.lower() == "timestampasof"]:
        if _DATE.fullmatch(options[key].strip()):
            options[key] = f"{options[key].strip()} 00:00:00"
