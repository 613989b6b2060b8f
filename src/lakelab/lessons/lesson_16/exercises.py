"""Exercises of lesson 16: choose code or model, and find tables of another environment in a lineage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise

CHOICES = ("code", "model", "hybrid")


@dataclass(frozen=True)
class Scenario:
    """The right choice in one of the eight situations, and the reasons against the other choices."""

    answer: str
    why: dict[str, str]


SCENARIOS = {
    1: Scenario(
        "code",
        {
            "model": "it would be trained in dev, where nobody may read the records it has to learn from",
            "hybrid": "staging may not read the records either; only the production environment may",
        },
    ),
    2: Scenario(
        "model",
        {
            "code": "each environment would pay for three weeks of GPUs, and prod would get another "
            "network than the one that was tested",
            "hybrid": "training in staging on production data is not what they lack; they want to train "
            "once and keep what came out",
        },
    ),
    3: Scenario(
        "code",
        {
            "model": "somebody would have to promote a new model each week; retraining by itself is "
            "tricky in this pattern, and training costs them next to nothing",
            "hybrid": "four minutes of training in prod are no cost to save, and each Sunday's model "
            "would have to travel from staging",
        },
    ),
    4: Scenario(
        "model",
        {
            "code": "code travels through Git and CI/CD, and they have neither; within one workspace "
            "the model is simply handed over",
            "hybrid": "the first half of the hybrid is promoting code, which takes Git and CI/CD",
        },
    ),
    5: Scenario(
        "hybrid",
        {
            "code": "the job in prod would train, and prod refuses to pay for that",
            "model": "it would be trained in dev, and only staging may read all of the production data",
        },
    ),
    6: Scenario(
        "code",
        {
            "model": "it moves one artifact; features, scoring and monitoring would have to be deployed "
            "apart, past the integration tests",
            "hybrid": "nothing here keeps prod from training, and the model would take another way "
            "than the code around it",
        },
    ),
    7: Scenario(
        "model",
        {
            "code": "it trains again in prod: another file than the one that was examined",
            "hybrid": "it trains again in staging: another file than the one that was examined",
        },
    ),
    8: Scenario(
        "code",
        {
            "model": "it has learned from a thousand customers who do not exist; what is good in dev is "
            "the code",
            "hybrid": "real customers may not leave production, so staging cannot train on them",
        },
    ),
}


def check_scenarios(lab: CheckContext, answers: Any) -> list[str]:
    """Compare the eight answers with the right ones, and explain the wrong answers."""
    if isinstance(answers, Sequence) and not isinstance(answers, str):
        answers = dict(enumerate(answers, start=1))
    if not isinstance(answers, dict):
        return [f"Give a dictionary, such as {{1: 'code', 2: ...}}, not {type(answers).__name__}."]
    if all(answers.get(number, ...) in (..., None) for number in SCENARIOS):
        return ["No answer yet: replace each ... by 'code', 'model' or 'hybrid'."]
    return [
        wrong
        for number, scenario in SCENARIOS.items()
        if (wrong := _wrong(number, scenario, answers.get(number, ...)))
    ]


def _wrong(number: int, scenario: Scenario, answer: Any) -> str | None:
    if answer is ... or answer is None:
        return f"{number}: no answer yet."
    given = answer.strip().lower() if isinstance(answer, str) else answer
    if given not in CHOICES:
        return f"{number}: {answer!r} is none of {', '.join(CHOICES)}."
    if given == scenario.answer:
        return None
    return f"{number}: not {given}: {scenario.why[given]}."


def check_foreign_tables(lab: CheckContext, foreign_tables: Any) -> list[str]:
    """Check the function on runs with known tables."""
    if not callable(foreign_tables):
        return [f"foreign_tables should be a function, not {type(foreign_tables).__name__}."]
    own = ["prod.lakelab.flight_labels", "prod.lakelab.airport_weather"]
    cases = {
        "A run that read its own two tables": (own, []),
        "A run that read the weather of dev": (
            [own[0], "dev.lakelab.airport_weather"],
            ["dev.lakelab.airport_weather"],
        ),
        "A run that logged two tables of dev, one of them twice": (
            [
                "dev.lakelab.flight_labels",
                "dev.lakelab.airport_weather",
                "dev.lakelab.flight_labels",
            ],
            ["dev.lakelab.airport_weather", "dev.lakelab.flight_labels"],
        ),
        "A run that read from the schema prod.lakelab_eu, which is another one": (
            [own[0], "prod.lakelab_eu.airport_weather"],
            ["prod.lakelab_eu.airport_weather"],
        ),
    }
    wrong: list[str] = []
    for situation, (tables, expected) in cases.items():
        try:
            found = foreign_tables(run_with(tables), "prod.lakelab")
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            return [*wrong, f"{situation}: it raised {type(error).__name__}: {error}"]
        if not isinstance(found, list) or found != expected:
            wrong.append(f"{situation}: expected {expected}, it returned {found!r}.")
    return wrong


def run_with(tables: Sequence[str]) -> Any:
    """Return a run like that of ``client.get_run``, with dataset inputs only.

    Examples
    --------
    >>> run_with(["dev.lakelab.planes"]).inputs.dataset_inputs[0].dataset.name
    'dev.lakelab.planes'
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag, RunInputs

    inputs = [
        DatasetInput(
            Dataset(name=table, digest="0", source_type="delta_table", source="{}"),
            [InputTag("mlflow.data.context", "training")],
        )
        for table in tables
    ]
    return SimpleNamespace(inputs=RunInputs(dataset_inputs=inputs, model_inputs=[]))


EXERCISES = {
    "16.1": Exercise(
        check=check_scenarios,
        hints=(
            "Ask of each team: who may read the data that the final model must learn from? There it has "
            "to be trained.",
            "Then: is training so expensive, or so hard to repeat, that it must happen once? And is there "
            "anything that could carry code: Git and CI/CD?",
            "Four of them promote code, three the model, and one is a case for the hybrid: the one in "
            "which staging may read everything, and prod shall not train.",
        ),
        solution="""
answers = {
    1: "code",
    2: "model",
    3: "code",
    4: "model",
    5: "hybrid",
    6: "code",
    7: "model",
    8: "code",
}

lab.check("16.1", answers)
""",
        praise="You look at who may read the data, what training costs, and what can carry the code.",
    ),
    "16.2": Exercise(
        check=check_foreign_tables,
        hints=(
            "run.inputs.dataset_inputs is a list; each entry has a dataset, and that has a name.",
            'A table name has three levels. name.rpartition(".")[0] is the first two: its schema.',
            "A set comprehension keeps each name once, and sorted() makes a list of it.",
        ),
        solution="""
def foreign_tables(run, schema):
    names = {dataset_input.dataset.name for dataset_input in run.inputs.dataset_inputs}
    return sorted(name for name in names if name.rpartition(".")[0] != schema)


lab.check("16.2", foreign_tables)
""",
        praise="In a gate it stops a model of dev and a catalog that somebody wrote into the code.",
    ),
}
