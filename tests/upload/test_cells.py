"""The cells of a notebook, without the traces of a run."""

from __future__ import annotations

import json

import pytest

from lakelab.upload.cells import fingerprint, read_jupyter_cells, read_source_cells


def notebook(*cells):
    return json.dumps({"cells": list(cells), "nbformat": 4}).encode()


def test_outputs_and_metadata_do_not_change_the_fingerprint():
    plain = {"cell_type": "code", "source": "1 + 1"}
    run = {**plain, "source": ["1 + 1 \n"], "outputs": [{"text": "2"}], "metadata": {"nuid": "1"}}
    assert fingerprint(read_jupyter_cells(notebook(plain))) == fingerprint(
        read_jupyter_cells(notebook(run))
    )


def test_another_source_changes_the_fingerprint():
    one, other = (notebook({"cell_type": "code", "source": source}) for source in ("1", "2"))
    assert fingerprint(read_jupyter_cells(one)) != fingerprint(read_jupyter_cells(other))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no JSON"])
def test_content_that_is_no_notebook_is_refused(content):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's error is one, too
        read_jupyter_cells(content)


def test_a_source_notebook_has_a_cell_for_each_separator():
    text = b"# Databricks notebook source\na = 1\n\n# COMMAND ----------\n\nb = 2\n"
    assert read_source_cells(text) == [("code", "a = 1"), ("code", "b = 2")]
