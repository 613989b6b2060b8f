"""Exercises of lesson 10: choose between the offline and the online store, and compute a publish."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lakelab.lessons.exercise import CheckContext, Exercise

SIDES: dict[int, tuple[str, str]] = {
    1: ("offline", "many rows, each with the features of its own hour: that takes the history"),
    2: ("online", "one flight, and somebody waits"),
    3: ("offline", "many rows at once, and nobody waits: a scan is the cheapest way"),
    4: ("offline", "a chart reads months of history"),
    5: ("online", "one customer's features, by key, while the customer waits"),
    6: ("offline", "online, the value of three months ago is long gone"),
    7: ("online", "many lookups of one key: what an online store is made for"),
    8: ("offline", "features are written offline, and published from there"),
}
"""Situation -> the store for it, and the reason."""

KEYS, TIME = ["origin", "runway"], "ts"


def check_sides(lab: CheckContext, answers: Any) -> list[str]:
    """Compare each answer with the right store, and explain the wrong answers."""
    if not isinstance(answers, dict):
        return [f"`answers` should be a dictionary, not {type(answers).__name__}."]
    wrong = []
    if missing := [n for n in SIDES if answers.get(n, ...) is ...]:
        wrong.append(f"No answer yet for {', '.join(map(str, missing))}.")
    for number, (side, why) in SIDES.items():
        given = answers.get(number, ...)
        if given is ...:
            continue
        answer = given.strip().lower() if isinstance(given, str) else given
        if answer not in ("offline", "online"):
            wrong.append(f'{number}: the answer is "offline" or "online", not {given!r}.')
        elif answer != side:
            wrong.append(f"{number} is not {answer}. Think of this: {why}.")
    return wrong


def check_latest(lab: CheckContext, latest: Any) -> list[str]:
    """Check the function on tables where common mistakes show."""
    if not callable(latest):
        return [f"`latest` should be a function, not {type(latest).__name__}."]
    wrong = []
    for situation, rows, keys in _tables():
        given = rows.copy()
        try:
            found = latest(given, list(keys), TIME)
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            wrong.append(f"{situation}: it raised {type(error).__name__}: {error}")
            continue
        if found is None:
            return ["`latest` returns nothing yet."]
        if not isinstance(found, pd.DataFrame):
            wrong.append(
                f"{situation}: it gave {type(found).__name__}, expected a pandas DataFrame."
            )
            continue
        if problem := _compare(found, rows, keys):
            wrong.append(f"{situation}: {problem}")
        elif not given.equals(rows):
            wrong.append(f"{situation}: it changed the table that it was given.")
    return wrong


def _tables() -> list[tuple[str, pd.DataFrame, list[str]]]:
    hours = [pd.Timestamp("2013-12-30") + pd.Timedelta(hours=hour) for hour in (3, 1, 2, 1, 5, 4)]
    rows = pd.DataFrame(
        {
            "origin": ["JFK", "JFK", "LGA", "LGA", "JFK", "JFK"],
            "runway": ["13L", "13L", "04", "04", "22R", "22R"],
            TIME: hours,
            "crosswind": [4.0, 9.0, 7.0, 2.0, 1.0, 8.0],
        }
    )
    late = pd.concat(
        [rows, rows.iloc[[0]].assign(ts=hours[1] - pd.Timedelta(hours=1), crosswind=30.0)]
    )
    null = rows.assign(crosswind=rows["crosswind"].where(rows[TIME] != hours[0]))
    return [
        ("Keys of two columns, rows in any order", rows, KEYS),
        ("A row that came late is not the latest", late.reset_index(drop=True), KEYS),
        ("The latest row has a null feature", null, KEYS),
        ("A key of one column", rows, ["origin"]),
        ("An index that does not start at 0", rows.set_index(pd.Index(range(10, 16))), KEYS),
        ("A table without rows", rows.iloc[:0], KEYS),
    ]


def _compare(found: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> str | None:
    if set(found.columns) != set(rows.columns):
        return (
            f"it has the columns {', '.join(map(str, found.columns))}, expected those of the table."
        )
    expected = rows.sort_values(TIME).drop_duplicates(keys, keep="last")
    if len(found) != len(expected):
        return f"it gave {len(found)} rows, expected {len(expected)}, one for each key."
    columns = list(rows.columns)
    one, other = (
        frame[columns].sort_values(columns).reset_index(drop=True) for frame in (found, expected)
    )
    if one.equals(other.astype(one.dtypes.to_dict())):
        return None
    if one[TIME].tolist() != other[TIME].tolist():
        return "a row is not the newest of its key."
    return (
        "the rows are of the right times, but a value is not that of its row. Keep each row whole."
    )


EXERCISES = {
    "10.1": Exercise(
        check=check_sides,
        hints=(
            "Is it one key, and does somebody wait for the answer?",
            "Who needs history, or many rows at once, is on the other side.",
        ),
        solution="""
answers = {
    1: "offline",
    2: "online",
    3: "offline",
    4: "offline",
    5: "online",
    6: "offline",
    7: "online",
    8: "offline",
}

lab.check("10.1", answers)
""",
        praise="One key at once: online. Many rows, or the past: offline.",
    ),
    "10.2": Exercise(
        check=check_latest,
        hints=(
            "Sort by time first. What then makes the last row of each key special?",
            "drop_duplicates has an argument that says which of the duplicates to keep.",
            "groupby(...).last() looks right, and fills nulls with older values: rows stay whole here.",
        ),
        solution="""
def latest(rows, keys, time):
    return rows.sort_values(time).drop_duplicates(keys, keep="last")


lab.check("10.2", latest)
""",
        praise="That is all that an online table knows.",
    ),
}
