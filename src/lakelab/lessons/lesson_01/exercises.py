"""Exercises of lesson 01: find the missing practice, and decide on a replacement of the Champion."""

from __future__ import annotations

import math
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise

PRACTICES = (
    "reproducible life cycle",
    "experiment tracking",
    "model management",
    "feature consistency",
    "automated deployment",
    "model validation",
    "governance and audit",
    "monitoring after deployment",
    "controlled promotion",
    "separation of environments",
)
"""The ten practices of the first table of the lesson."""

MISSING: dict[int, tuple[str, str]] = {
    1: (
        "reproducible life cycle",
        "a pipeline that recorded code, data and seed could be run again",
    ),
    2: ("separation of environments", "nothing in development may write what production reads"),
    3: ("model validation", "a benchmark before the alias moves would have refused it"),
    4: ("feature consistency", "one definition of the feature serves training and serving"),
    5: ("monitoring after deployment", "somebody, or a job, has to look at production regularly"),
    6: ("controlled promotion", "with aliases, going back is one call"),
    7: ("experiment tracking", "parameters belong into the run that used them"),
    8: ("governance and audit", "a trace of who did what, from which tables, answers this"),
}
"""Incident -> the practice that prevents it, and how."""

NAN = float("nan")
CASES: dict[str, tuple[float, float | None, float, bool]] = {
    "the candidate is better than the Champion": (0.74, 0.72, 0.65, True),
    "the candidate is worse than the Champion": (0.70, 0.72, 0.65, False),
    "both are equal": (0.72, 0.72, 0.65, True),
    "the candidate is exactly at the minimum, and there is no Champion": (0.65, None, 0.65, True),
    "there is no Champion, and the candidate is below the minimum": (0.60, None, 0.65, False),
    "the candidate beats a Champion that is itself below the minimum": (0.62, 0.60, 0.65, False),
    "the candidate's AUC is NaN": (NAN, 0.72, 0.65, False),
    "the candidate's AUC is NaN, and there is no Champion": (NAN, None, 0.65, False),
    "the Champion's AUC is NaN": (0.74, NAN, 0.65, False),
    "the Champion's AUC is 0": (0.74, 0.0, 0.65, True),
}
"""Situation -> candidate, champion, minimum, and whether the candidate may replace the Champion."""


def check_practices(lab: CheckContext, answers: Any) -> list[str]:
    """Compare each answer with the right practice, and explain the wrong answers."""
    if not isinstance(answers, dict):
        return [f"`practices` should be a dictionary, not {type(answers).__name__}."]
    wrong = []
    if unanswered := [n for n in MISSING if answers.get(n, ...) is ...]:
        wrong.append(f"No answer yet for {', '.join(map(str, unanswered))}.")
    for number, (practice, why) in MISSING.items():
        given = answers.get(number, ...)
        if given is ...:
            continue
        answer = " ".join(given.lower().split()) if isinstance(given, str) else given
        if answer not in PRACTICES:
            wrong.append(f"{number}: {given!r} is none of the ten practices of the first table.")
        elif answer != practice:
            wrong.append(f"{number} is not {answer}. Think of this: {why}.")
    return wrong


def check_may_replace(lab: CheckContext, may_replace: Any) -> list[str]:
    """Compare the result of the function with the expected one for each case."""
    if not callable(may_replace):
        return [f"`may_replace` should be a function, not {type(may_replace).__name__}."]
    wrong = []
    for situation, (candidate, champion, minimum, right) in CASES.items():
        called = f"may_replace({_score_code(candidate)}, {_score_code(champion)}, {minimum})"
        try:
            found = may_replace(candidate, champion, minimum)
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            wrong.append(f"{situation}: {called} raised {type(error).__name__}: {error}")
            continue
        if found is None:
            return ["`may_replace` returns nothing yet."]
        if bool(found) is not right:
            wrong.append(f"{situation}: {called} gave {found}, expected {right}.")
    return wrong


def _score_code(score: float | None) -> str:
    return 'float("nan")' if score is not None and math.isnan(score) else repr(score)


EXERCISES = {
    "01.1": Exercise(
        check=check_practices,
        hints=(
            "Ask for each: before, during or after deployment? On which side of the loop did it happen?",
            "Two of the ten are not needed: model management and automated deployment.",
        ),
        solution="""
practices = {
    1: "reproducible life cycle",
    2: "separation of environments",
    3: "model validation",
    4: "feature consistency",
    5: "monitoring after deployment",
    6: "controlled promotion",
    7: "experiment tracking",
    8: "governance and audit",
}

lab.check("01.1", practices)
""",
        praise="Each practice is a scar of somebody.",
    ),
    "01.2": Exercise(
        check=check_may_replace,
        hints=(
            "The bar is the higher one of two numbers, and sometimes there is one only.",
            "Every comparison with NaN is False. So ask what must be true, not what must not be.",
            "max() is no help with NaN: max(0.65, nan) is 0.65. Compare with each number by itself.",
        ),
        solution="""
def may_replace(candidate, champion, minimum):
    return candidate >= minimum and (champion is None or candidate >= champion)


lab.check("01.2", may_replace)
""",
        praise="Whatever cannot be compared does not pass.",
    ),
}
