"""Helpers of the tests of `lakelab upload`."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

from tests.upload.workspace_double import HOME, Notebook

COURSE = f"{HOME}/lakelab"
MANIFEST = f"{COURSE}/lakelab-upload.json"
LESSON = "notebooks/06_create_feature_table"


def sources(notebook: Notebook) -> list[tuple[str, str]]:
    """Return the kinds and sources of the cells."""
    return [(cell["kind"], cell["source"]) for cell in notebook.cells]


def edit(workspace, path=LESSON):
    """Change a cell as a user does, and run the notebook."""
    notebook = workspace.tree.notebook(f"{COURSE}/{path}")
    notebook.cells[2]["source"] += "\nmy_own_line = 1"
    notebook.run()
    return notebook


def with_older_item(items, path, content):
    """Return the items with another version of one item."""
    index = next(number for number, item in enumerate(items) if item.path == path)
    item = items[index]
    return [*items[:index], type(item)(item.path, item.kind, content), *items[index + 1 :]]


def with_older_lesson(items, path=LESSON):
    """Return the items with an older version of a lesson."""
    item = next(item for item in items if item.path == path)
    notebook = json.loads(item.content)
    notebook["cells"][2]["source"] = "what it said before"
    return with_older_item(items, path, json.dumps(notebook).encode())


def error_line(done) -> str:
    """Return the only line on stderr of a command that failed."""
    assert done.exit_code == 1, done.output
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("lakelab: ")
    return lines[0]


def start_upload(items, folder) -> subprocess.Popen:
    """Start `lakelab upload --write` in a process of its own, with these items."""
    (folder / "items").write_bytes(pickle.dumps(items))
    code = (
        "import pickle, sys; from lakelab import cli; from lakelab.upload import course; "
        "items = pickle.load(open(sys.argv[1], 'rb')); course.course = lambda root: items; "
        "cli.app(['upload', '--profile', 'work', '--write'])"
    )
    command = [sys.executable, "-c", code, str(folder / "items")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
