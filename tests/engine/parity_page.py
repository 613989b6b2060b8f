"""Writes ``docs/parity.md`` from the cases and the list of deviations: ``python -m tests.engine.parity_page``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from lakelab.local.sql.known_wrong_values import KNOWN_WRONG_VALUES
from tests.engine import docstrings
from tests.engine.cases import families, load_cases
from tests.engine.deviations import Deviation, load_deviations

PATH = Path(__file__).parents[2] / "docs" / "parity.md"
HEAD = """\
# The local engine beside real Spark

{total} cases run on the local engine and on real Spark 4.2 with Delta 4.4. They are compared by columns, types, \
rows and error conditions. The cases are in `tests/engine/cases/`, the answers of Spark in \
`tests/engine/answers/`. `python -m tests.engine.deviations` writes this page.

**same: {same} of {total}**
"""


def page() -> str:
    """Return the text of ``docs/parity.md``."""
    listed = load_deviations()
    total = len(load_cases())
    parts = [HEAD.format(total=total, same=total - len(listed))]
    parts.append(_known_wrong_values([d for d in listed.values() if d.kind == "wrong value"]))
    others = [one for one in listed.values() if one.kind != "wrong value"]
    refused = [one for one in others if one.here.startswith("error ")]
    parts.append(
        "## Refused\nThe local engine raises an error where Spark answers, or another one.\n"
    )
    parts.append(_tables(refused))
    parts.append("## Other deviations\n")
    parts.append(_tables([one for one in others if one not in refused]))
    parts.append(_docstrings())
    return "\n".join(parts)


def _docstrings() -> str:
    """Return how many examples of pyspark's docstrings are right."""
    lines = [
        "## The examples of pyspark's docstrings",
        "They run on the local engine, too, and what real Spark Connect answers counts. "
        "`tests/engine/docstring_deviations.yaml` has each example that is not right.\n",
        "| of | examples with an output | right | other value | no error | error |",
        "|---|---|---|---|---|---|",
    ]
    printing, listed = docstrings.printing_examples(), docstrings.load_deviations()
    for group in docstrings.GROUPS:
        names = [name for name in printing if name.startswith(f"{group}/")]
        if names:
            kinds = Counter(listed[name]["here"] for name in names if name in listed)
            other, silent = kinds["other value"], kinds["no error"]
            errors = kinds.total() - other - silent
            right = len(names) - kinds.total()
            lines.append(f"| {group} | {len(names)} | {right} | {other} | {silent} | {errors} |")
    return "\n".join([*lines, ""])


def _known_wrong_values(entries: list[Deviation]) -> str:
    lines = ["## Known wrong values"]
    for known in KNOWN_WRONG_VALUES:
        cases = "; ".join(_cell(one.case) for one in entries if one.reason == known.what)
        lines.append(
            f"- {known.what} `{known.example}` is {known.here} here, and {known.spark} in Spark. "
            f"{known.advice} Cases: {cases}."
        )
    return "\n".join([*(lines if lines[1:] else [*lines, "None."]), ""])


def _tables(entries: list[Deviation]) -> str:
    lines = []
    for family in families():
        cases = {case.name: case for case in load_cases(family)}
        rows = [one for one in entries if one.case in cases]
        if rows:
            lines += [f"### {family}", "| case | here | reason |", "|---|---|---|"]
            lines += [
                f"| {_cell(cases[one.case].about)} | {_cell(one.here)} | {_cell(one.reason or one.kind)} |"
                for one in rows
            ]
            lines.append("")
    return "\n".join(lines or ["None.", ""])


def _cell(text: str) -> str:
    r"""Return a text that fits into a cell of a table.

    Examples
    --------
    >>> _cell("a | <b>")
    'a \\| &lt;b>'
    """
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def write_page() -> None:
    """Write ``docs/parity.md``."""
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(page(), "utf-8")


if __name__ == "__main__":
    write_page()
