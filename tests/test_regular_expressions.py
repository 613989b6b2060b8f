"""No regular expression recognises a statement or a name: the parser and the rules of names do."""

from __future__ import annotations

import ast
from pathlib import Path

import lakelab

ROOT = Path(lakelab.__file__).parent

ALLOWED = {
    "automl/locations.py": "makes a name of a folder out of a text",
    "automl/notebooks.py": "takes a password out of a URI",
    "automl/semantic_types.py": "guesses what a column holds by a word in its name",
    "automl/tracking.py": "makes a name of a folder out of a text",
    "lessons/current_lesson.py": "reads the number in the name of a lesson's file",
    "lessons/lesson_02/runtimes.py": "reads the number of a version",
    "lessons/lesson_13/live.py": "looks for words on a page of MLflow",
    "lessons/lesson_13/pages.py": "looks for words on a page of MLflow",
    "lessons/manifest.py": "reads the number of a lesson",
    "local/catalog/delta_properties.py": "reads intervals and sizes, the values of properties",
    "local/catalog/logged_models.py": "finds the id of a logged model in a URI",
    "local/catalog/table.py": "reads the words of delta-rs",
    "local/catalog/table_folder.py": "reads the names of files that Delta writes",
    "local/delta/log.py": "reads the names of files that Delta writes",
    "local/delta/state.py": "reads the names of files that Delta writes",
    "local/delta/statistics.py": "reads the names of files that Delta writes",
    "local/notebook/mlflow_ui.py": "finds the errors in a log",
    "local/online_store/publish.py": "makes a name for a table of PostgreSQL",
    "local/online_store/values.py": "reads the precision and scale of a type",
    "local/spark/engine_errors.py": "reads the words of the engine",
    "local/spark/relations/column_patterns.py": "colRegex: the user's own pattern",
    "local/spark/write_conflicts.py": "reads the words of the engine",
    "local/sql/information_schema_relations.py": "reads the precision and scale of a type",
    "local/sql/statements/settings.py": "reads the offset of a time zone",
    "local/sql/statements/show.py": "LIKE: the user's own pattern",
    "local/system/home.py": "looks for characters in a path, and for the scheme of a URI",
    "local/system/unfinished.py": "reads the number of a process in the name of a file",
    "local/workspace/api.py": "looks for code points that are no text, and reads a number",
    "local/workspace/tables.py": "reads the precision and scale of a type",
    "platforms/databricks.py": "makes a name of a schema out of a user's, and reads a page's address",
    "runner.py": "takes colours out of an output",
    "serving.py": "reads the URI of a model",
    "study/quiz.py": "makes HTML of a text",
    "upload/cells.py": "finds a magic command",
    "upload/target.py": "looks for characters in a path",
}
"""Module -> what it reads by a regular expression."""


def imports_re(file: Path) -> bool:
    tree = ast.parse(file.read_text("utf-8"))
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return "re" in names or "re" in modules


def test_each_use_of_a_regular_expression_has_its_reason():
    found = {f.relative_to(ROOT).as_posix() for f in ROOT.rglob("*.py") if imports_re(f)}
    assert sorted(found - ALLOWED.keys()) == []
    assert sorted(ALLOWED.keys() - found) == []  # an entry that nothing needs is deleted
