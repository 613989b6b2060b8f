"""Exercises of lesson 03: select the columns that a model does not need."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lakelab.lessons.exercise import CheckContext, Exercise

PLANTED = {
    "wind": (0.040, 0.010, True, "Its mean is four times its std."),
    "noise": (0.003, 0.002, False, "Its mean is above its std, but not above twice that."),
    "year": (0.0, 0.0, False, "Its mean is 0, and so is its std: 0 is not above 0."),
    "humidity": (0.090, 0.060, False, "Its mean is large, but not above twice its std."),
    "gate": (-0.030, 0.001, False, "Its mean is negative: shuffled, the model does better."),
    "hour": (0.005, 0.001, True, "Its mean is small, but five times its std."),
    "edge": (0.5, 0.25, False, "Its mean is exactly twice its std, and that is not above."),
}
"""Column -> mean, std, whether it stays, and why. Not in order of names or of importance."""


def _table(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mean": [PLANTED[name][0] for name in names],
            "std": [PLANTED[name][1] for name in names],
        },
        index=pd.Index(names, dtype=object),
    )


def check_to_exclude(lab: CheckContext, to_exclude: Any) -> list[str]:
    """Check the function on a table with each kind of column, and on one where all columns stay."""
    if not callable(to_exclude):
        return [f"to_exclude should be a function, not {type(to_exclude).__name__}."]
    wrong = _check_on(to_exclude, list(PLANTED))
    if wrong:
        return wrong
    mistakes = _check_on(to_exclude, ["wind", "hour"])
    return [f"with a table where all columns stay: {what}" for what in mistakes]


def _check_on(to_exclude: Any, names: list[str]) -> list[str]:
    expected = sorted(name for name in names if not PLANTED[name][2])
    try:
        returned = to_exclude(_table(names))
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"to_exclude raised {type(error).__name__}: {error}."]
    if returned is None:
        return ["to_exclude returned None. Return a list; an empty one if all columns stay."]
    if not isinstance(returned, list):
        return [f"to_exclude should return a list of names, not {type(returned).__name__}."]
    if strangers := [name for name in returned if name not in names]:
        return [f"{strangers[0]!r} is no column of the table. Its index holds the names."]
    wrong = [
        f"{name!r} should stay. {PLANTED[name][3]}" for name in returned if name not in expected
    ]
    wrong += [f"{name!r} can go. {PLANTED[name][3]}" for name in expected if name not in returned]
    if not wrong and returned != expected:
        wrong = ["the names are right, but they should be sorted, and each there once."]
    return wrong


EXERCISES = {
    "03.1": Exercise(
        check=check_to_exclude,
        hints=(
            "A comparison of two columns of the table gives True or False for each row.",
            'importance["mean"] <= 2 * importance["std"] is True for what could be luck.',
            "importance.index[mask] gives the names; sorted() makes a sorted list of them.",
        ),
        solution="""
def to_exclude(importance):
    luck = importance["mean"] <= 2 * importance["std"]
    return sorted(importance.index[luck])


lab.check("03.1", to_exclude)
""",
        praise="That list is what exclude_cols takes; the held-out score then says if it was right.",
    ),
}
