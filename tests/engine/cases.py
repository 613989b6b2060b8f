"""The cases of ``cases/*.yaml``: statements of SQL or a block of Python, each with what it is about.

A file is a family. Its list has one mapping for each case:

- ``about``: what the case shows; with the family, it is the name of the case.
- ``given``: names of tables of ``cases/_tables.yaml`` that are created first.
- ``sql``: statements, of which each but the last ends a line with a semicolon, or a list of them; the answer
  is that of the last one.
- ``python``: a block, whose last line is the expression that is the answer. It sees ``spark``, ``F``, ``T``
  (types), ``W`` (Window), ``pd``, ``np``, ``Decimal``, ``datetime`` and ``Row``, and each
  table that is given as a DataFrame of its name.
- ``conf``: settings of Spark for the case.
- ``ordered``: whether the order of rows counts. By default it does where the last statement has ORDER BY.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

FOLDER = Path(__file__).parent
CASES = FOLDER / "cases"
TABLES = CASES / "_tables.yaml"
KEYS = {"about", "given", "sql", "python", "conf", "ordered"}


@dataclass(frozen=True)
class Case:
    """One case: what is run, on which tables, and what it shows."""

    family: str
    about: str
    sql: tuple[str, ...] = ()
    python: str = ""
    given: tuple[str, ...] = ()
    conf: dict[str, str] = field(default_factory=dict)
    ordered: bool = False

    @property
    def name(self) -> str:
        """The name that answers and deviations have.

        Examples
        --------
        >>> Case("dates", "weekday of a Sunday is 6").name
        'dates/weekday of a Sunday is 6'
        """
        return f"{self.family}/{self.about}"

    @property
    def only_reads(self) -> bool:
        """Whether the case leaves the given tables as they are, so that others can read them, too."""
        if self.sql:
            return len(self.sql) == 1 and is_query(self.sql[0])
        words = ("write", "mergeInto", ".sql(", "catalog", "View")
        return not any(word in self.python for word in words)

    @property
    def digest(self) -> str:
        """A digest of what is run: an answer that was recorded for another text is out of date."""
        run = [self.sql, self.python, [tables()[name] for name in self.given], self.conf]
        return hashlib.sha256(json.dumps([*run, self.ordered]).encode()).hexdigest()[:10]


@cache
def tables() -> dict[str, tuple[str, ...]]:
    """Return the statements that create each table of ``_tables.yaml``."""
    read: dict[str, str] = yaml.safe_load(TABLES.read_text("utf-8"))
    return {name: _statements(text) for name, text in read.items()}


@cache
def families() -> tuple[str, ...]:
    """Return the names of the families, in alphabetical order."""
    return tuple(sorted(p.stem for p in CASES.glob("*.yaml") if not p.stem.startswith("_")))


@cache
def load_cases(family: str | None = None) -> tuple[Case, ...]:
    """Return the cases of a family, or all.

    Raises
    ------
    ValueError
        If a case has a wrong key, both or none of ``sql`` and ``python``, or the name of another case.
    """
    found: list[Case] = []
    for name in families() if family is None else [family]:
        for entry in yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8")):
            found.append(_case(name, entry))
    names = [case.name for case in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two cases have one name: {sorted(twice)}. Change the `about` of one.")
    return tuple(found)


def _case(family: str, entry: dict[str, Any]) -> Case:
    where = f"{family}/{entry.get('about')}"
    if wrong := entry.keys() - KEYS:
        raise ValueError(f"{where}: {sorted(wrong)} are no keys of a case, which are {KEYS}.")
    if ("sql" in entry) == ("python" in entry):
        raise ValueError(f"{where}: a case has either `sql` or `python`.")
    if unknown := set(entry.get("given", ())) - tables().keys():
        raise ValueError(f"{where}: {sorted(unknown)} are no tables of {TABLES.name}.")
    statements = _statements(entry.get("sql", ()))
    if wrong_types := [one for one in statements if not isinstance(one, str)]:
        raise ValueError(f"{where}: {wrong_types} are no statements: quote them in the list.")
    ordered = entry.get("ordered")
    return Case(
        family=family,
        about=entry["about"],
        sql=statements,
        python=entry.get("python", ""),
        given=tuple(entry.get("given", ())),
        conf={key: str(value) for key, value in entry.get("conf", {}).items()},
        ordered=has_order_by(statements[-1]) if ordered is None and statements else bool(ordered),
    )


def _statements(text: str | list[str]) -> tuple[str, ...]:
    r"""Return the statements of a text, of which each but the last ends a line with a semicolon.

    Examples
    --------
    >>> _statements("USE a;\nSELECT ';' AS b")
    ('USE a', "SELECT ';' AS b")
    """
    parts = text.strip().split(";\n") if isinstance(text, str) else text
    return tuple(part.strip() if isinstance(text, str) else part for part in parts)


def has_order_by(statement: str) -> bool:
    """Return whether a query orders its rows: ORDER BY stands outside of all brackets.

    Examples
    --------
    >>> has_order_by("SELECT a FROM t ORDER BY a LIMIT 1")
    True
    >>> has_order_by("SELECT a FROM (SELECT a FROM t ORDER BY a)"), has_order_by("DESCRIBE t")
    (False, False)
    """
    tree = _tree(statement)
    return isinstance(tree, exp.Query) and tree.args.get("order") is not None


def is_query(statement: str) -> bool:
    """Return whether a statement only reads.

    Examples
    --------
    >>> is_query("WITH a AS (SELECT 1) SELECT * FROM a"), is_query("DROP TABLE t"), is_query("SELEC")
    (True, False, False)
    """
    return isinstance(_tree(statement), exp.Query)


logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement of Delta's own


def _tree(statement: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(statement, dialect="databricks")
    except sqlglot.ParseError:
        return None  # only Spark parses it
