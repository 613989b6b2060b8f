"""What each lesson reads and writes of what lessons share, told from its notebook without running it.

The job `curriculum` runs lessons side by side in one schema. Two lessons that touch the same table, model
or grant, one of them writing, disturb each other; which ones do is derived here.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat

from lakelab import flights
from lakelab.lessons import Lesson, lessons

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

HERE = "<catalog>.<schema>"
"""The learner's schema, which `CATALOG` and `SCHEMA` name."""

ENVIRONMENT = "<environment>"
"""One of the schemas that `lab.environments()` names."""

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
"""What each function of `lessons/prepare.py` makes; a lesson that needs it reads it."""

TABLES = RAW | FEATURES | OF_ENVIRONMENTS

GRANTS = "grants on the schema"
MODELS = "the list of the schema's models"
NEWEST_RUN = "the newest run of the experiment"

ADDED_TO = {MODELS, NEWEST_RUN}
"""What lessons add to and take from, each its own: only who looks at the whole is disturbed."""

CHANGES = re.compile(
    r"\s*(?:DROP TABLE(?: IF EXISTS)?|DELETE FROM|INSERT (?:INTO|OVERWRITE)(?: TABLE)?|UPDATE"
    r"|MERGE INTO|CREATE(?: OR REPLACE)? TABLE(?: IF NOT EXISTS)?|ALTER TABLE|TRUNCATE TABLE"
    r"|RESTORE TABLE|COMMENT ON (?:TABLE|COLUMN))\s+(\S+)",
    re.IGNORECASE,
)
"""A statement that changes a table, and which."""

LOGS = {"start_run", "log_model", "autolog", "create_run", "train_and_register"}
"""Calls that leave a run in the active experiment."""


@dataclass
class Touched:
    """What a lesson reads and writes of what lessons share."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)

    def conflicts(self, other: Touched) -> set[str]:
        """Name what one of the two writes while the other reads or writes it, too."""
        both_write = (self.writes & other.writes) - ADDED_TO
        return both_write | self.writes & other.reads | other.writes & self.reads


@cache
def touched() -> dict[str, Touched]:
    """Say for each lesson, by its number, what it touches."""
    return {lesson.number: touched_by(lesson.needs, source_of(lesson)) for lesson in lessons()}


def source_of(lesson: Lesson) -> str:
    """Give the lesson's code, all cells in one, without the lines that only IPython understands."""
    cells = nbformat.read(NOTEBOOKS / f"{lesson.file}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return "\n".join(line for line in code.splitlines() if not line.startswith("%"))


def touched_by(needs: Iterable[str], source: str) -> Touched:
    """Say what a lesson with these needs and this code touches.

    Examples
    --------
    >>> told = touched_by(["champion"], "spark.sql(f'DELETE FROM {CATALOG}.{SCHEMA}.planes')")
    >>> sorted(told.writes)
    ['<catalog>.<schema>.flight_delay', '<catalog>.<schema>.planes']
    """
    tree = ast.parse(source)
    values = Values(tree)
    found = Touched(reads={thing for need in needs for thing in PREPARED[need]})
    if "champion" in needs:  # whenever such a lesson starts, the aliases are put back
        found.writes.add(MODEL)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for tables, changed in ((TABLES, tables_of), ({MODEL}, models_of)):
            names = changed(call, values)
            found.writes |= {t for t in tables if any(may_be(name, t) for name in names)}
        found.writes |= nameless(call, values)
        if attribute(call) == "list" and "model_versions" in ast.unparse(call.func):
            found.reads.add(MODELS)
        if asks_for_newest_run(call) and "study" not in needs:
            found.reads.add(NEWEST_RUN)
    return found


def asks_for_newest_run(call: ast.Call) -> bool:
    """Say whether a call searches all runs, as they come, for the first."""
    return attribute(call) == "search_runs" and {k.arg for k in call.keywords} == {"max_results"}


def may_be(name: str, thing: str) -> bool:
    """Say whether a name may be that of a thing: `?` in it stands for what could not be told."""
    return re.fullmatch(".*".join(map(re.escape, name.split("?"))), thing) is not None


def attribute(call: ast.Call) -> str:
    """Give the name of the method or function that is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def argument(call: ast.Call, position: int, keyword: str) -> ast.expr | str:
    """Give an argument of a call; `?` where it is not written there."""
    named = {told.arg: told.value for told in call.keywords}
    return named.get(keyword) or (call.args[position] if position < len(call.args) else "?")


def tables_of(call: ast.Call, values: Values) -> set[str]:
    """Give the full names that the table may have which a call changes."""
    method = attribute(call)
    if method in ("create_table", "write_table", "drop_table", "set_feature_table_tag"):
        return values.of(argument(call, 0, "name"))
    if method in ("saveAsTable", "insertInto"):
        return values.of(argument(call, 0, "name"))
    if method != "sql":
        return set()
    changes = [CHANGES.match(statement) for statement in values.of(argument(call, 0, "sqlQuery"))]
    return {
        # of a column: the table is what stands before the last dot
        change[1].rpartition(".")[0] if change[0].upper().find(" COLUMN ") > 0 else change[1]
        for change in changes
        if change
    }


MODEL_CHANGES = {
    "register_model": (1, "name"),
    "copy_model_version": (1, "dst_name"),
    "create_model_version": (0, "name"),
    "delete_model_version": (0, "name"),
    "set_registered_model_alias": (0, "name"),
    "delete_registered_model_alias": (0, "name"),
}
"""Calls that change a model's versions or aliases -> which argument names it."""


def models_of(call: ast.Call, values: Values) -> set[str]:
    """Give the full names that the model may have of which a call changes versions or aliases."""
    if any(keyword.arg == "registered_model_name" for keyword in call.keywords):
        return values.of(argument(call, 0, "registered_model_name"))
    where = MODEL_CHANGES.get(attribute(call))
    return values.of(argument(call, *where)) if where else set()


def nameless(call: ast.Call, values: Values) -> set[str]:
    """Give what a call changes besides tables and models: grants, lists, experiments."""
    method, of = attribute(call), ast.unparse(call.func)
    found = {NEWEST_RUN} if method in LOGS else set()
    on = values.of(argument(call, 0, "securable_type")) if "grants" in of else set()
    if method == "update" and on & {"CATALOG", "SCHEMA", "?"}:
        found.add(GRANTS)
    deletes = method == "delete" and re.search("registered_models|registry", of)
    if deletes or method == "delete_registered_model":
        names = values.of(argument(call, 0, "name"))
        if not all(name.startswith(ENVIRONMENT) for name in names):
            found.add(MODELS)
    return found


class Values:
    r"""What the names in a notebook may stand for, wherever they are assigned.

    A name that a function assigns, or takes, is the function's own.

    Examples
    --------
    >>> tree = ast.parse("for t in ('a', 'b'):\n    name = f'{CATALOG}.{SCHEMA}.{t}'\nname")
    >>> sorted(Values(tree).of(tree.body[-1].value))
    ['<catalog>.<schema>.a', '<catalog>.<schema>.b']
    >>> tree = ast.parse("f'{x}_timed'")
    >>> Values(tree).of(tree.body[-1].value)
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
                several = node.iter
                self._bind_each(self._scopes.get(id(several), ""), node.target, several)
        for function in functions:
            self._bind_parameters(function, tree)

    def _bind(self, scope: str, target: ast.expr, value: ast.expr | str) -> None:
        if isinstance(target, ast.Name):
            self._assigned.setdefault((scope, target.id), []).append((target.lineno, value))
        elif isinstance(target, ast.Tuple):
            told = value.elts if isinstance(value, ast.Tuple) else ["?"] * len(target.elts)
            for one, its in zip(target.elts, told, strict=False):
                self._bind(scope, one, its)

    def _bind_each(self, scope: str, target: ast.expr, several: ast.expr) -> None:
        if isinstance(several, ast.Tuple | ast.List):
            for value in several.elts:
                self._bind(scope, target, value)
        elif isinstance(several, ast.Dict):
            for key in several.keys:
                self._bind(scope, target, key or "?")
        elif ast.unparse(several) == "environments.values()":
            self._bind(scope, target, ENVIRONMENT)
        elif ast.unparse(several) == "environments.items()" and isinstance(target, ast.Tuple):
            self._bind(scope, target.elts[1], ENVIRONMENT)
        else:
            self._bind(scope, target, "?")

    def _bind_parameters(self, function: ast.FunctionDef, tree: ast.AST) -> None:
        """A parameter stands for what the notebook's own calls give for it."""
        names = [argument.arg for argument in function.args.args]
        for name in names:
            self._assigned.setdefault((function.name, name), [])
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in (c for c in calls if getattr(c.func, "id", "") == function.name):
            given = dict(zip(names, call.args, strict=False))
            given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            for name, value in given.items():
                self._assigned.setdefault((function.name, name), []).append((0, value))

    def of(self, node: ast.expr | str, seen: frozenset[tuple[str, str]] = frozenset()) -> set[str]:
        """Give the texts that an expression may stand for; `?` for each part that cannot be told."""
        if isinstance(node, str):
            return {node}
        if isinstance(node, ast.Constant):
            return {str(node.value)}
        if isinstance(node, ast.FormattedValue):
            return self.of(node.value, seen)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, seen)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], seen)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in (
            "environments",
            "lab.environments()",
        ):
            return {ENVIRONMENT}
        if isinstance(node, ast.Attribute) and node.attr == "name":
            return self._name_of(node.value, seen)
        if isinstance(node, ast.Name):
            scope = self._scopes.get(id(node), "")
            for key in ((scope, node.id), ("", node.id)):
                if key in self._assigned and key not in seen:
                    values = self._at(key, node.lineno if scope == "" else None)
                    return {text for value in values for text in self.of(value, seen | {key})}
        return {"?"}

    def _name_of(self, node: ast.expr, seen: frozenset[tuple[str, str]]) -> set[str]:
        """Give the name of what a call returned that was given the name."""
        if isinstance(node, ast.Name):
            for value in self._at((self._scopes.get(id(node), ""), node.id), node.lineno):
                call = value if isinstance(value, ast.Call) else ast.Call(ast.Name(""), [], [])
                where = {"copy_model_version": 1, "get_model_version": 0}.get(attribute(call))
                if where is not None:
                    return self.of(call.args[where], seen)
        return {"?"}

    def _at(self, key: tuple[str, str], line: int | None) -> list[ast.expr | str]:
        """Give the values of a name; of a notebook's own name those that it was given last."""
        told = self._assigned.get(key, [])
        before = [given for given, _ in told if line is not None and given <= line]
        return [value for given, value in told if not before or given == max(before)]

    def _joined(self, parts: list[ast.expr], seen: frozenset[tuple[str, str]]) -> set[str]:
        return {
            "".join(told) for told in itertools.product(*(self.of(part, seen) for part in parts))
        }


def order(numbers: list[str]) -> list[str]:
    """In which order lessons that conflict run: as they are numbered.

    Except for those that look at the newest run of an experiment in which all log: they come last.
    """
    return sorted(numbers, key=lambda number: (NEWEST_RUN in touched()[number].reads, number))
