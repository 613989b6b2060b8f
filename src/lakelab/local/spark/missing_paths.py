"""A path that a plan reads and that does not exist is an error: the engine alone reads no rows from it.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes#path_not_found
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from google.protobuf.message import Message

_FORMATS = frozenset({"parquet", "csv", "json", "text", "delta", "orc", "avro", "binaryfile"})
_PATTERN = frozenset("*?[{")
_LIST_OR_SET = frozenset("[{")
"""Characters of a pattern that Hadoop and Python read differently."""


def require_paths(session: Session, plan: Message) -> None:
    """Refuse a plan that reads a path of this machine where no file is.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request.

    Raises
    ------
    NotFoundError
        If a path does not exist, or a pattern matches none.
    """
    for kind, path in _paths_read(plan):
        if _is_missing(path):
            raise _not_found(kind, path)


def _paths_read(plan: Message) -> Iterator[tuple[str, str]]:
    """Yield the format and path of each file or folder that a plan reads."""
    for message in messages(plan):
        if message.DESCRIPTOR.name == "DataSource" and hasattr(message, "paths"):
            for path in message.paths:
                yield "", path
        for field in ("sql", "query"):
            text = getattr(message, field, None)
            if isinstance(text, str) and text:
                yield from _paths_of_statement(text)


def _paths_of_statement(text: str) -> Iterator[tuple[str, str]]:
    """Yield the paths of relations such as ``parquet.`/folder` ``, except those that a statement creates."""
    tree = parse(text).tree
    if tree is None:
        return
    created = {id(create.find(exp.Table)) for create in tree.find_all(exp.Create)}
    for table in tree.find_all(exp.Table):
        if table.db.lower() in _FORMATS and "/" in table.name and id(table) not in created:
            yield table.db.lower(), table.name


def _is_missing(path: str) -> bool:
    """Return whether a path of this machine does not exist; other schemes are the engine's business.

    Examples
    --------
    >>> _is_missing("/no/such/file.csv"), _is_missing("file:///"), _is_missing("s3://bucket/x")
    (True, False, False)
    """
    address = urlsplit(path)
    if len(address.scheme) > 1:  # one letter is a drive of Windows
        if address.scheme != "file":
            return False
        path = unquote(address.path)
    if not _PATTERN & set(path):
        return not Path(path).exists()
    return not _LIST_OR_SET & set(path) and next(glob.iglob(path), None) is None


def _not_found(kind: str, path: str) -> NotFoundError:
    if kind == "delta":
        return NotFoundError(
            f"{path} doesn't exist, or is not a Delta table. Check the path.",
            condition=conditions.DELTA_PATH_DOES_NOT_EXIST,
        )
    return NotFoundError(
        f"Path does not exist: {path}. Check the path; a relative path begins in {Path.cwd()}.",
        condition=conditions.PATH_NOT_FOUND,
    )
