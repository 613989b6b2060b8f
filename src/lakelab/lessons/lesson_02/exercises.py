"""Exercises of lesson 02: choose a runtime, and find the requirements that are not met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise
from lakelab.lessons.lesson_02.runtimes import entries

Wish = tuple[Callable[[dict[str, Any]], bool], str]
"""A requirement of a team, and the message about a runtime that does not meet it."""


def _ships(library: str, specifier: str = "") -> Wish:
    from packaging.specifiers import SpecifierSet

    def fits(entry: dict[str, Any]) -> bool:
        version = entry["packages"].get(library)
        return version is not None and SpecifierSet(specifier).contains(version)

    return fits, f"has {library} {{{library}}}, and they need {library}{specifier}"


def _until(entry: dict[str, Any]) -> str:
    return str(entry["supported_until"] or "")


SERVERLESS: Wish = (lambda entry: entry["kind"] == "serverless", "is for clusters of your own")
CLUSTER: Wish = (lambda entry: entry["kind"] == "classic", "is serverless, and they have a cluster")
LTS_NAMES = [entry["name"] for entry in entries() if "LTS" in entry["name"] and entry["gpu"]]
LONGEST = max(_until(entry) for entry in entries() if entry["name"] in LTS_NAMES)

TEAMS: dict[int, list[Wish]] = {
    1: [
        (lambda entry: bool(entry["automl"]), "has no AutoML built in"),
        (
            lambda entry: _until(entry) > "2028-06-30",
            "is supported until {supported_until} only",
        ),
    ],
    2: [
        SERVERLESS,
        _ships("xgboost"),
        _ships("shap"),
        (lambda entry: entry["mlflow"].startswith("3.12."), "has MLflow {mlflow}"),
    ],
    3: [
        CLUSTER,
        (lambda entry: bool(entry["gpu"]), "has no variant for GPU clusters"),
        (lambda entry: entry["name"] in LTS_NAMES, "is not LTS"),
        (
            lambda entry: _until(entry) == LONGEST,
            "is supported until {supported_until}; another one is supported longer",
        ),
    ],
    4: [
        (lambda entry: bool(entry["autologging"]), "logs nothing before you call mlflow.autolog()"),
        _ships("pandas", "==2.3.*"),
    ],
    5: [
        CLUSTER,
        (
            lambda entry: entry["access_mode"].startswith("Standard"),
            "is for Dedicated access mode: one user or one group",
        ),
        _ships("scikit-learn", "==1.6.1"),
        _ships("numpy", "==2.1.3"),
    ],
    6: [
        _ships("databricks-feature-engineering", ">=0.13"),
        _ships("tensorflow"),
    ],
}


def fitting(team: int) -> list[str]:
    """Return the names of the runtimes that meet all requirements of a team.

    Examples
    --------
    >>> fitting(4)
    ['DBR 19 ML']
    """
    return [entry["name"] for entry in entries() if all(fits(entry) for fits, _ in TEAMS[team])]


def check_teams(lab: CheckContext, answers: Any) -> list[str]:
    """Check each chosen runtime, and return the first requirement of the team that it does not meet."""
    if not isinstance(answers, dict):
        return [f"answers should be a dictionary of six names, not {type(answers).__name__}."]
    by_name = {entry["name"]: entry for entry in entries()}
    wrong = []
    for team, wishes in TEAMS.items():
        answer = answers.get(team, ...)
        if answer is None or answer is ...:
            wrong.append(f"{team}: no answer yet.")
        elif not isinstance(answer, str) or answer not in by_name:
            wrong.append(
                f"{team}: there is no runtime {answer!r}. There are: {', '.join(by_name)}."
            )
        else:
            entry = by_name[answer]
            lacks = [what for fits, what in wishes if not fits(entry)]
            wrong += [f"{team}: {answer} {_fill_in(what, entry)}." for what in lacks[:1]]
    return wrong


def _fill_in(what: str, entry: dict[str, Any]) -> str:
    """Insert the values of the runtime into a message; name a library that the runtime does not list."""
    for key, value in {**entry, **entry["packages"]}.items():
        what = what.replace(f"{{{key}}}", str(value))
    if "{" in what:
        return f"does not list {what[what.index('{') + 1 : what.index('}')]}"
    return what


HERE = {"scikit-learn": "1.9.1", "pandas": "2.3.3", "scipy": "1.16.3", "torch": "2.9.0+cpu"}

CASES: list[tuple[str, list[str], list[str]]] = [
    ("all are met", ["scikit-learn==1.9.1", "pandas<3,>=2.2"], []),
    (
        "one is met, two are not",
        ["scikit-learn==1.4.2", "scipy==1.16.3", "pandas==1.5.3"],
        ["scikit-learn==1.4.2", "pandas==1.5.3"],
    ),
    ("a library is not there", ["xgboost==3.2.0", "scipy==1.16.3"], ["xgboost==3.2.0"]),
    ("a library is not there, and no version is asked for", ["shap"], ["shap"]),
    ("no version is asked for", ["pandas"], []),
    ("1.16 is asked to be at least 1.9", ["scipy>=1.9"], []),
    ("the name is spelled otherwise", ["Scikit_Learn==1.9.1"], []),
    ("the build has a local label, as PyTorch's have", ["torch==2.9.0"], []),
]


def check_unmet(lab: CheckContext, unmet: Any) -> list[str]:
    """Compare the result of the function with the expected one for eight kinds of requirements."""
    if not callable(unmet):
        return [f"unmet should be a function, not {type(unmet).__name__}."]
    wrong = []
    for kind, requirements, expected in CASES:
        try:
            result = unmet(list(requirements), dict(HERE))
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            wrong.append(f"Where {kind}, it raises {type(error).__name__}: {error}.")
            continue
        if result is None:
            return ["unmet returns nothing yet."]
        if result != expected:
            wrong.append(
                f"Where {kind}, it returns {result!r} for {requirements}; it should be {expected}."
            )
    return wrong


EXERCISES = {
    "02.1": Exercise(
        check=check_teams,
        hints=(
            "table[...] filters: runtimes() has a column for AutoML, autologging, GPU, access mode "
            "and support; libraries() has the versions.",
            'For team 2: libraries().loc[["xgboost", "shap", "mlflow-skinny"]] and the columns that '
            'begin with "Serverless".',
            "Team 5 scores only: it needs no ML runtime, and Standard access mode does not take one.",
        ),
        solution="""
answers = {
    1: "DBR 17.3 LTS ML",
    2: "Serverless 6 ML",
    3: "DBR 18 LTS ML",
    4: "DBR 19 ML",
    5: "DBR 18 LTS",
    6: "Serverless 5 ML",
}

lab.check("02.1", answers)
""",
        praise="No runtime is the best one: what is built in, how long it is supported and who shares "
        "it decide.",
    ),
    "02.2": Exercise(
        check=check_unmet,
        hints=(
            "Requirement(text) has a name and a specifier; specifier.contains(version) compares as "
            "pip does.",
            "environment.get(canonicalize_name(requirement.name)) is None where the library is "
            "missing.",
            "Collect the texts as you got them: found.append(text).",
        ),
        solution='''
def unmet(requirements, environment):
    """Give the requirements that the environment does not meet."""
    found = []
    for text in requirements:
        requirement = Requirement(text)
        there = environment.get(canonicalize_name(requirement.name))
        if there is None or not requirement.specifier.contains(there):
            found.append(text)
    return found


lab.check("02.2", unmet)
''',
        praise="A job that calls it before it loads a model turns a warning into a decision.",
    ),
}
