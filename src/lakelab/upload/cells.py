"""The content of a notebook without the traces of a run: the types and sources of its cells.

A run on Databricks writes outputs, execution counts and metadata, and an export changes their order.
Only the sources are the user's work.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

Cells = list[tuple[str, str]]

SEPARATOR = "# COMMAND ----------"
HEADER = "# Databricks notebook source"


def read_jupyter_cells(content: bytes) -> Cells:
    r"""Read the cells of an ``.ipynb``.

    Trailing whitespace and empty cells are ignored. A code cell that begins with ``%md`` is a Markdown
    cell, as Databricks shows it.

    Raises
    ------
    ValueError
        If the content is no notebook.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "source": ["%md\n", "# Title  "], "outputs": []},
    ...          {"cell_type": "code", "source": "1 + 1\n"}, {"cell_type": "code", "source": []}]
    >>> read_jupyter_cells(json.dumps({"cells": cells, "nbformat": 4}).encode())
    [('markdown', '# Title'), ('code', '1 + 1')]
    """
    try:
        return _normalize(
            _displayed_cell(cell["cell_type"], "".join(cell["source"]))
            for cell in json.loads(content)["cells"]
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no Jupyter notebook: {error!r}") from error


def read_source_cells(content: bytes) -> Cells:
    r"""Read the cells of a notebook in the source format, for example ``_lab.py``.

    Examples
    --------
    >>> read_source_cells(b"# Databricks notebook source\r\n1\r\n\r\n# COMMAND ----------\r\n\r\n2  \r\n")
    [('code', '1'), ('code', '2')]
    """
    text = content.decode("utf-8").replace("\r\n", "\n").strip().removeprefix(HEADER)
    return _normalize(("code", cell) for cell in text.split(f"\n{SEPARATOR}"))


def fingerprint(cells: Cells) -> str:
    """Return a SHA-256 of the cells."""
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()


def _displayed_cell(kind: str, source: str) -> tuple[str, str]:
    if kind == "code" and (magic := re.match(r"\s*%md(-sandbox)?(\s|$)", source)):
        return "markdown", source[magic.end() :]
    return kind, source


def _normalize(cells: Iterable[tuple[str, str]]) -> Cells:
    normalized = (
        (kind, "\n".join(line.rstrip() for line in source.splitlines()).strip())
        for kind, source in cells
    )
    return [(kind, source) for kind, source in normalized if source]
