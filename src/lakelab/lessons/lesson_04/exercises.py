"""Exercises of lesson 04: weights for sampled classes, and an edit of a generated notebook."""

from __future__ import annotations

import copy
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lakelab.lessons.exercise import CheckContext, Exercise

SAMPLED: list[tuple[list[Any], list[Any]]] = [
    (["on time"] * 95 + ["late"] * 5, ["on time"] * 70 + ["late"] * 5),
    (["no", "yes"] * 6, ["yes", "no"] * 6),
    ([0] * 900 + [1] * 300 + [2] * 10, [1] * 150 + [0] * 150 + [2] * 10),
]
"""Classes of the training rows before and after the sampling of AutoML."""


def check_class_weights(lab: CheckContext, answer: Any) -> list[str]:
    """Compare the weights with the ratio of rows before and after the sampling."""
    if not callable(answer):
        return [f"class_weights should be a function, not {type(answer).__name__}."]
    for before, after in SAMPLED:
        right = {name: before.count(name) / after.count(name) for name in dict.fromkeys(before)}
        counts = ", ".join(
            f"{name}: {before.count(name)} before, {after.count(name)} after" for name in right
        )
        try:
            weights = answer(list(before), list(after))
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            return [f"class_weights raised {type(error).__name__}: {error} ({counts})."]
        if weights is None:
            return ["class_weights returned None: return a dictionary from class to weight."]
        if not isinstance(weights, dict):
            return [
                f"class_weights returned {type(weights).__name__}: a dictionary from class to weight "
                f"is wanted."
            ]
        if set(weights) != set(right):
            return [f"The keys are {list(weights)}: one for each class is wanted ({counts})."]
        for name, weight in right.items():
            mistake = _wrong_weight(name, weights[name], weight, counts)
            if mistake:
                return [mistake]
    return []


def _wrong_weight(name: Any, weight: Any, right: float, counts: str) -> str | None:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return f"The weight of {name} is {weight!r}: a number is wanted."
    if abs(weight - right) < 1e-9:
        return None
    if abs(weight - 1 / right) < 1e-9:
        return (
            f"The weight of {name} is {weight:.3f}, the share of rows that stayed. Fewer rows must count "
            f"for more: the other way round ({counts})."
        )
    if abs(weight - right) < 0.001:
        return f"The weight of {name} is rounded: {weight}. Return it as it comes."
    return f"The weight of {name} is {weight:.3f}: its rows x weight is not what it was ({counts})."


def rehearsal_notebook() -> Any:
    """Return a small notebook with parameters that are easy to confuse."""
    return new_notebook(
        cells=[
            new_markdown_cell("# LightGBM\nTrained with learning_rate=0.1 and num_leaves=31."),
            new_code_cell("import lightgbm as lgb\n\ndata = load(start_learning_rate=0.3)"),
            new_code_cell(
                "model = lgb.LGBMClassifier(\n    learning_rate=0.1,\n    num_leaves=31,\n"
                "    objective='binary',\n)"
            ),
            new_code_cell("model.fit(train)  # one fit"),
        ]
    )


CHANGES: list[tuple[str, float, str]] = [("learning_rate", 0.05, "0.1"), ("num_leaves", 7, "31")]


def check_edited_copy(lab: CheckContext, answer: Any) -> list[str]:
    """Check every cell of a small notebook that the function edited."""
    if not callable(answer):
        return [f"edited_copy should be a function, not {type(answer).__name__}."]
    for name, value, before in CHANGES:
        notebook = rehearsal_notebook()
        untouched = copy.deepcopy(notebook)
        try:
            edited = answer(notebook, name, value)
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            return [f"With {name}={value}: edited_copy raised {type(error).__name__}: {error}."]
        if edited is None:
            return ["edited_copy returned None: return the copy."]
        if notebook != untouched:
            return ["The original has changed. Make a copy.deepcopy first, and edit that."]
        if not isinstance(edited, nbformat.NotebookNode) or "cells" not in edited:
            return [f"edited_copy returned {type(edited).__name__}: return a notebook."]
        wrong = _wrong_cells(edited, untouched, name, value, before)
        if wrong:
            return [wrong]
    try:
        answer(rehearsal_notebook(), "max_depth", 3)
    except ValueError:
        return []
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [
            f"No code cell sets max_depth: a ValueError is wanted, not {type(error).__name__}: {error}."
        ]
    return ["No code cell sets max_depth, and edited_copy said nothing: raise a ValueError."]


def _wrong_cells(edited: Any, untouched: Any, name: str, value: Any, before: str) -> str | None:
    if len(edited.cells) != len(untouched.cells):
        return f"The copy has {len(edited.cells)} cells, the original {len(untouched.cells)}."
    for cell, old in zip(edited.cells, untouched.cells, strict=True):
        if cell.cell_type == "markdown" and cell.source != old.source:
            return "A markdown cell has changed. Edit code cells only."
        if "start_learning_rate" in old.source and cell.source != old.source:
            return (
                "start_learning_rate has changed: it is another name. In a regular expression, \\b "
                "marks where a name begins."
            )
        expected = old.source
        if "LGBMClassifier" in old.source:
            expected = old.source.replace(f"{name}={before}", f"{name}={value}")
        if cell.source != expected:
            return f"With {name}={value}, this cell is wanted:\n{expected}\nand this one came:\n{cell.source}"
    return None


EXERCISES = {
    "04.1": Exercise(
        check=check_class_weights,
        hints=(
            "A class of 95 rows of which 70 stay: each of the 70 counts for 95/70.",
            "collections.Counter counts a list: Counter(before) and Counter(after).",
            "{name: count_before[name] / count_after[name] for name in count_before}",
        ),
        solution="""
from collections import Counter


def class_weights(before, after):
    count_before, count_after = Counter(before), Counter(after)
    return {name: count_before[name] / count_after[name] for name in count_before}


lab.check("04.1", class_weights)
""",
        praise="That is all the magic of weights: each class counts as before.",
    ),
    "04.2": Exercise(
        check=check_edited_copy,
        hints=(
            "copy.deepcopy(notebook) first. Then go over the cells of the copy whose cell_type is "
            "'code'.",
            r"re.subn(rf'\b{name}=[^,\s)]+', f'{name}={value}', cell.source) returns the new text and "
            r"how often it was changed.",
            "Add the counts up; if they are 0 at the end, raise ValueError.",
        ),
        solution=r"""
import copy
import re


def edited_copy(notebook, name, value):
    edited = copy.deepcopy(notebook)
    changed = 0
    for cell in edited.cells:
        if cell.cell_type == "code":
            cell.source, count = re.subn(
                rf"\b{name}=[^,\s)]+", f"{name}={value}", cell.source
            )
            changed += count
    if not changed:
        raise ValueError(f"no code cell sets {name}")
    return edited


lab.check("04.2", edited_copy)
""",
        praise="A glass box is worth something to those who open it.",
    ),
}
