"""Infer from a lesson's notebook, without running it, which shared objects the lesson reads and writes.

The job `curriculum` runs lessons side by side in one schema. Two lessons conflict if both access the same
table, model or grant, and at least one of them writes it.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import nbformat

from lakelab import flights
from lakelab.lessons import Lesson, lessons

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

HERE = "<catalog>.<schema>"
"""The learner's schema: the values of `CATALOG` and `SCHEMA` in a notebook."""

ENVIRONMENT = "<environment>"
"""One of the schemas that `lab.environments()` returns."""

RAW = {f"{HERE}.raw_{name}" for name in flights.RAW_TABLES} | {f"{HERE}.flight_labels"}
FEATURES = {f"{HERE}.{name}" for name in ("airport_weather", "airport_congestion", "planes")}
MODEL = f"{HERE}.flight_delay"
OF_ENVIRONMENTS = {f"{ENVIRONMENT}.{name}" for name in ("flight_labels", "airport_weather")}

STUDY = "the study's experiment"

PREPARED: dict[str, set[str]] = {
    "raw_tables": RAW,
    "feature_tables": FEATURES,
    "tracking": set(),
    "ui": set(),
    "study": {STUDY},
    "champion": {MODEL},
    "environments": OF_ENVIRONMENTS,
}
"""What each function of `lessons/prepare.py` creates; a lesson that needs the function reads it."""

TABLES = RAW | FEATURES | OF_ENVIRONMENTS

GRANTS = "grants on the schema"
MODELS = "the list of the schema's models"
NEWEST_RUN = "the newest run of the experiment"

APPEND_ONLY = {MODELS, NEWEST_RUN}
"""Collections in which each lesson adds and removes its own items: only a reader of all conflicts."""

CHANGING_STATEMENT = re.compile(
    r"\s*(?:DROP TABLE(?: IF EXISTS)?|DELETE FROM|INSERT (?:INTO|OVERWRITE)(?: TABLE)?|UPDATE"
    r"|MERGE INTO|CREATE(?: OR REPLACE)? TABLE(?: IF NOT EXISTS)?|ALTER TABLE|TRUNCATE TABLE"
    r"|RESTORE TABLE|COMMENT ON (?:TABLE|COLUMN))\s+(\S+)",
    re.IGNORECASE,
)
"""A statement that changes a table; its group is the name of the table."""

LOGGING_CALLS = {"start_run", "log_model", "autolog", "create_run", "train_and_register"}
"""Calls that leave a run in the active experiment."""


@dataclass
class SharedAccess:
    """The shared objects that a lesson reads and writes."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)

    def conflicts(self, other: SharedAccess) -> set[str]:
        """Return the objects that one lesson writes and the other reads or writes."""
        both_write = (self.writes & other.writes) - APPEND_ONLY
        return both_write | self.writes & other.reads | other.writes & self.reads


@cache
def access_by_lesson() -> dict[str, SharedAccess]:
    """Return the shared access of each lesson, by its number."""
    return {lesson.number: access_of(lesson.needs, source_of(lesson)) for lesson in lessons()}


def source_of(lesson: Lesson) -> str:
    """Return the code of all cells of a lesson, without the magics of IPython."""
    cells = nbformat.read(NOTEBOOKS / f"{lesson.file}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return "\n".join(line for line in code.splitlines() if not line.startswith("%"))


def access_of(needs: Iterable[str], source: str) -> SharedAccess:
    """Return the shared access of a lesson with these needs and this code.

    Examples
    --------
    >>> access = access_of(["champion"], "spark.sql(f'DELETE FROM {CATALOG}.{SCHEMA}.planes')")
    >>> sorted(access.writes)
    ['<catalog>.<schema>.flight_delay', '<catalog>.<schema>.planes']
    """
    tree = ast.parse(source)
    values = Values(tree)
    access = SharedAccess(reads={name for need in needs for name in PREPARED[need]})
    if "champion" in needs:  # the start of such a lesson restores the aliases
        access.writes.add(MODEL)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for shared, changed in ((TABLES, changed_tables), ({MODEL}, changed_models)):
            names = changed(call, values)
            access.writes |= {one for one in shared if any(may_be(name, one) for name in names)}
        access.writes |= changed_collections(call, values)
        if called_name(call) == "list" and "model_versions" in ast.unparse(call.func):
            access.reads.add(MODELS)
        if reads_newest_run(call) and "study" not in needs:
            access.reads.add(NEWEST_RUN)
    return access


def reads_newest_run(call: ast.Call) -> bool:
    """Return whether a call searches all runs in their default order, for the first."""
    return called_name(call) == "search_runs" and {k.arg for k in call.keywords} == {"max_results"}


def may_be(name: str, full_name: str) -> bool:
    """Return whether a name may be this full name: `?` stands for each part that is unknown."""
    return re.fullmatch(".*".join(map(re.escape, name.split("?"))), full_name) is not None


def called_name(call: ast.Call) -> str:
    """Return the name of the method or function that is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def argument(call: ast.Call, position: int, keyword: str) -> ast.expr | str:
    """Return an argument of a call; `?` if the call does not have it."""
    keywords = {one.arg: one.value for one in call.keywords}
    return keywords.get(keyword) or (call.args[position] if position < len(call.args) else "?")


def changed_tables(call: ast.Call, values: Values) -> set[str]:
    """Return the possible full names of the table that a call changes."""
    method = called_name(call)
    if method in ("create_table", "write_table", "drop_table", "set_feature_table_tag"):
        return values.texts_of(argument(call, 0, "name"))
    if method in ("saveAsTable", "insertInto"):
        return values.texts_of(argument(call, 0, "name"))
    if method != "sql":
        return set()
    statements = values.texts_of(argument(call, 0, "sqlQuery"))
    matches = [CHANGING_STATEMENT.match(statement) for statement in statements]
    return {
        # a column's name ends with the column, after the last dot
        match[1].rpartition(".")[0] if match[0].upper().find(" COLUMN ") > 0 else match[1]
        for match in matches
        if match
    }


MODEL_CHANGES = {
    "register_model": (1, "name"),
    "copy_model_version": (1, "dst_name"),
    "create_model_version": (0, "name"),
    "delete_model_version": (0, "name"),
    "set_registered_model_alias": (0, "name"),
    "delete_registered_model_alias": (0, "name"),
}
"""Call that changes a model's versions or aliases -> position and keyword of the model's name."""


def changed_models(call: ast.Call, values: Values) -> set[str]:
    """Return the possible full names of the model whose versions or aliases a call changes."""
    if any(keyword.arg == "registered_model_name" for keyword in call.keywords):
        return values.texts_of(argument(call, 0, "registered_model_name"))
    name = MODEL_CHANGES.get(called_name(call))
    return values.texts_of(argument(call, *name)) if name else set()


def changed_collections(call: ast.Call, values: Values) -> set[str]:
    """Return what a call changes besides single tables and models: grants, lists, experiments."""
    method, function = called_name(call), ast.unparse(call.func)
    changed = {NEWEST_RUN} if method in LOGGING_CALLS else set()
    securable_types = (
        values.texts_of(argument(call, 0, "securable_type")) if "grants" in function else set()
    )
    if method == "update" and securable_types & {"CATALOG", "SCHEMA", "?"}:
        changed.add(GRANTS)
    deletes = method == "delete" and re.search("registered_models|registry", function)
    if deletes or method == "delete_registered_model":
        names = values.texts_of(argument(call, 0, "name"))
        if not all(name.startswith(ENVIRONMENT) for name in names):
            changed.add(MODELS)
    return changed


NAMED_BY_ARGUMENT = {"copy_model_version": 1, "get_model_version": 0}
"""Call that returns an object with a name -> position of the argument that is the name."""


Seen = frozenset[tuple[str, str]]
"""Names that are being resolved, each with its function: none is resolved within itself."""


class Values:
    r"""The possible values of the names in a notebook, wherever they are assigned.

    A name that a function assigns, or has as a parameter, is local to the function.

    Examples
    --------
    >>> tree = ast.parse("for t in ('a', 'b'):\n    name = f'{CATALOG}.{SCHEMA}.{t}'\nname")
    >>> sorted(Values(tree).texts_of(tree.body[-1].value))
    ['<catalog>.<schema>.a', '<catalog>.<schema>.b']
    >>> tree = ast.parse("f'{x}_timed'")
    >>> Values(tree).texts_of(tree.body[-1].value)
    {'?_timed'}
    """

    def __init__(self, tree: ast.AST) -> None:
        self._scopes: dict[int, str] = {}
        # (function, name) -> line and value of each assignment
        self._assigned: dict[tuple[str, str], list[tuple[int, ast.expr | str]]] = {
            ("", "CATALOG"): [(0, "<catalog>")],
            ("", "SCHEMA"): [(0, "<schema>")],
        }
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:  # the inner ones come later
            for node in ast.walk(function):
                self._scopes[id(node)] = function.name
        for node in ast.walk(tree):
            scope = self._scopes.get(id(node), "")
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._bind(scope, target, node.value)
            elif isinstance(node, ast.For | ast.comprehension):
                items = node.iter
                self._bind_each(self._scopes.get(id(items), ""), node.target, items)
        for function in functions:
            self._bind_parameters(function, tree)

    def _bind(self, scope: str, target: ast.expr, value: ast.expr | str) -> None:
        if isinstance(target, ast.Name):
            self._assigned.setdefault((scope, target.id), []).append((target.lineno, value))
        elif isinstance(target, ast.Tuple):
            parts = value.elts if isinstance(value, ast.Tuple) else ["?"] * len(target.elts)
            for name, part in zip(target.elts, parts, strict=False):
                self._bind(scope, name, part)

    def _bind_each(self, scope: str, target: ast.expr, items: ast.expr) -> None:
        if isinstance(items, ast.Tuple | ast.List):
            for value in items.elts:
                self._bind(scope, target, value)
        elif isinstance(items, ast.Dict):
            for key in items.keys:
                self._bind(scope, target, key or "?")
        elif ast.unparse(items) == "environments.values()":
            self._bind(scope, target, ENVIRONMENT)
        elif ast.unparse(items) == "environments.items()" and isinstance(target, ast.Tuple):
            self._bind(scope, target.elts[1], ENVIRONMENT)
        else:
            self._bind(scope, target, "?")

    def _bind_parameters(self, function: ast.FunctionDef, tree: ast.AST) -> None:
        """Bind each parameter to the arguments of the notebook's own calls."""
        names = [argument.arg for argument in function.args.args]
        for name in names:
            self._assigned.setdefault((function.name, name), [])
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in (c for c in calls if getattr(c.func, "id", "") == function.name):
            arguments = dict(zip(names, call.args, strict=False))
            arguments |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            for name, value in arguments.items():
                self._assigned.setdefault((function.name, name), []).append((0, value))

    def texts_of(self, node: ast.expr | str, seen: Seen = frozenset()) -> set[str]:
        """Return the possible texts of an expression; `?` for each part that is unknown."""
        if isinstance(node, str):
            return {node}
        handler = self._HANDLERS.get(type(node))
        return handler(self, node, seen) if handler else {"?"}

    def _of_constant(self, node: ast.Constant, seen: Seen) -> set[str]:
        return {str(node.value)}

    def _of_hole(self, node: ast.FormattedValue, seen: Seen) -> set[str]:
        return self.texts_of(node.value, seen)

    def _of_f_string(self, node: ast.JoinedStr, seen: Seen) -> set[str]:
        return self._joined(node.values, seen)

    def _of_sum(self, node: ast.BinOp, seen: Seen) -> set[str]:
        return (
            self._joined([node.left, node.right], seen) if isinstance(node.op, ast.Add) else {"?"}
        )

    def _of_subscript(self, node: ast.Subscript, seen: Seen) -> set[str]:
        subscripted = ast.unparse(node.value)
        return {ENVIRONMENT} if subscripted in ("environments", "lab.environments()") else {"?"}

    def _of_attribute(self, node: ast.Attribute, seen: Seen) -> set[str]:
        """Return the name of an object, from the call that returned it: the call has the name."""
        if node.attr != "name" or not isinstance(node.value, ast.Name):
            return {"?"}
        owner = node.value
        for value in self._at((self._scopes.get(id(owner), ""), owner.id), owner.lineno):
            position = (
                NAMED_BY_ARGUMENT.get(called_name(value)) if isinstance(value, ast.Call) else None
            )
            if position is not None:
                return self.texts_of(value.args[position], seen)
        return {"?"}

    def _of_name(self, node: ast.Name, seen: Seen) -> set[str]:
        scope = self._scopes.get(id(node), "")
        for key in ((scope, node.id), ("", node.id)):
            if key in self._assigned and key not in seen:
                values = self._at(key, node.lineno if scope == "" else None)
                return {text for value in values for text in self.texts_of(value, seen | {key})}
        return {"?"}

    def _at(self, key: tuple[str, str], line: int | None) -> list[ast.expr | str]:
        """Return the values of a name; of a notebook's own name, the last before the line."""
        assigned = self._assigned.get(key, [])
        before = [at for at, _ in assigned if line is not None and at <= line]
        return [value for at, value in assigned if not before or at == max(before)]

    def _joined(self, parts: list[ast.expr], seen: Seen) -> set[str]:
        texts = (self.texts_of(part, seen) for part in parts)
        return {"".join(combination) for combination in itertools.product(*texts)}

    _HANDLERS: ClassVar[dict[type[ast.expr], Callable[[Any, Any, Seen], set[str]]]] = {
        ast.Attribute: _of_attribute,
        ast.BinOp: _of_sum,
        ast.Constant: _of_constant,
        ast.FormattedValue: _of_hole,
        ast.JoinedStr: _of_f_string,
        ast.Name: _of_name,
        ast.Subscript: _of_subscript,
    }


def execution_order(numbers: list[str]) -> list[str]:
    """Return lessons that conflict in the order in which they must run: by their numbers.

    Lessons that read the newest run of a shared experiment come last.
    """
    return sorted(
        numbers, key=lambda number: (NEWEST_RUN in access_by_lesson()[number].reads, number)
    )
