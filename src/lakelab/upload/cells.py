"""What a notebook says, apart from what a run leaves in it: the types and sources of its cells.

A run on Databricks writes outputs, execution counts and metadata, and an export writes them in another
order than the import had. None of that is the learner's work; the sources are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

Cells = list[tuple[str, str]]

SEPARATOR = "# COMMAND ----------"
HEADER = "# Databricks notebook source"


def of_jupyter(content: bytes) -> Cells:
    r"""Read the cells of an ``.ipynb``.

    Trailing whitespace and empty cells do not count, and a code cell that begins with ``%md`` is the
    Markdown cell that Databricks shows it as.

    Raises
    ------
    ValueError
        If it is no notebook.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "source": ["%md\n", "# Title  "], "outputs": []},
    ...          {"cell_type": "code", "source": "1 + 1\n"}, {"cell_type": "code", "source": []}]
    >>> of_jupyter(json.dumps({"cells": cells, "nbformat": 4}).encode())
    [('markdown', '# Title'), ('code', '1 + 1')]
    """
    try:
        return _worth_keeping(
            _as_shown(cell["cell_type"], "".join(cell["source"]))
            for cell in json.loads(content)["cells"]
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no Jupyter notebook: {error!r}") from error


def of_source(content: bytes) -> Cells:
    r"""Read the cells of a notebook in the source format, as ``_lab.py`` is.

    Examples
    --------
    >>> of_source(b"# Databricks notebook source\r\n1\r\n\r\n# COMMAND ----------\r\n\r\n2  \r\n")
    [('code', '1'), ('code', '2')]
    """
    text = content.decode("utf-8").replace("\r\n", "\n").strip().removeprefix(HEADER)
    return _worth_keeping(("code", cell) for cell in text.split(f"\n{SEPARATOR}"))


def fingerprint(cells: Cells) -> str:
    """Give a SHA-256 that is the same for the same cells."""
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()


def _as_shown(kind: str, source: str) -> tuple[str, str]:
    if kind == "code" and (magic := re.match(r"\s*%md(-sandbox)?(\s|$)", source)):
        return "markdown", source[magic.end() :]
    return kind, source


def _worth_keeping(cells: Iterable[tuple[str, str]]) -> Cells:
    tidy = (
        (kind, "\n".join(line.rstrip() for line in source.splitlines()).strip())
        for kind, source in cells
    )
    return [(kind, source) for kind, source in tidy if source]
