"""Each call of the lessons on Databricks' clients exists and binds, in each runtime's own packages.

The check covers the names, and the binding of the arguments to the signature. For a keyword that a function
takes in `**kwargs` it is weaker: the documentation, the source or the flavor's signature must name the keyword.
No package contains `databricks.automl`: `documented_automl.py` has its documented signatures.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.databricks.static import calls, sources

Found = dict[str, Any]
BESIDE = "beside"
"""The row of the table for the code that runs on Databricks beside the notebooks."""
ROWS = (*sources.lessons(), BESIDE)

SET_UP = """
import mlflow
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
fe, client, w = FeatureEngineeringClient(), MlflowClient(registry_uri="databricks-uc"), WorkspaceClient()
"""

PLANTED = {
    "keyword": ("fe.create_table(name='a.b.c', primary_key=['x'])", "primary_key"),
    "keyword of a class": ("FeatureLookup('a.b.c', lookup_key='x', feature='y')", "feature"),
    "missing keyword": ("fe.create_table(primary_keys=['x'])", "name"),
    "positional": ("fe.score_batch('models:/m/1', None)", "positional"),
    "method": ("client.register_the_model('m')", "has no register_the_model"),
    "removed": ("client.list_registered_models()", "has no list_registered_models"),
    "removed module": ("mlflow.recipes.Recipe('train')", "has no recipes"),
    "imported": ("from mlflow.models import infer_a_signature", "has no infer_a_signature"),
    "service": ("w.registered_model.list()", "has no registered_model"),
    "of a result": ("client.get_run('r').information", "has no information"),
    "of an item": ("for v in client.search_model_versions(''): v.number", "has no number"),
    "dataclass": ("next(iter(w.registered_models.list())).full_names", "has no full_names"),
    "in a function": (
        "def get(which, name): return which.get_run('r', run=name)\nget(client, 'r')",
        "unexpected keyword argument 'run'",
    ),
    "in a lambda": ("max(client.search_runs(['1']), key=lambda run: run.inform)", "inform"),
    "by context": ("with mlflow.start_run() as run:\n    run.informed", "has no informed"),
    "of self": (
        "class A:\n    def __init__(self):\n        self.c = MlflowClient()\n"
        "    def f(self): return self.c.get_it()\nA().f()",
        "has no get_it",
    ),
    "partial": ("partial(client.get_run, runs='r')", "unexpected keyword argument 'runs'"),
    "spread": ("more = {'nam': 'm'}\nclient.get_registered_model(**more)", "nam"),
    "through kwargs": (
        "fe.log_model(model=1, artifact_path='m', flavor=mlflow.sklearn, pyfunc_predict='x')",
        "pyfunc_predict",
    ),
    "automl": (
        "from databricks import automl\nautoml.classify([], target='late')",
        "argument: 'target_col'",
    ),
}
"""Mistakes that the check must find: code, and a part of the finding."""

NO_MISTAKE = """
run = client.search_runs(["1"], order_by=["metrics.auc DESC"])[0]
client.get_model_version_by_alias("m", "Champion").version.split()
fe.log_model(model=1, artifact_path="m", flavor=mlflow.sklearn, pyfunc_predict_fn="predict_proba")
for endpoint in w.serving_endpoints.list(): w.serving_endpoints.delete(endpoint.name)
"""

UNKNOWN = "def f(anything):\n    anything.set_registered_model_alias('m', 'Champion', '1')"


def _programs() -> list[list[tuple[str, str]]]:
    lessons = [
        [(piece.unit, piece.code) for piece in cells] for cells in sources.lessons().values()
    ]
    planted = [
        [("planted", SET_UP), (f"planted {name}", code)] for name, (code, _) in PLANTED.items()
    ]
    return [
        *lessons,
        *planted,
        [("planted", SET_UP), ("planted no mistake", NO_MISTAKE), ("planted unknown", UNKNOWN)],
    ]


@pytest.fixture(scope="module")
def answers() -> list[calls.Answer]:
    """The findings of each runtime's packages in all the code; one process for each runtime."""
    missing = [name for name in calls.RUNTIMES if not (calls.OFFICIAL / name / ".ready").exists()]
    if missing:
        fail_or_skip = pytest.fail if os.environ.get("CI") else pytest.skip
        fail_or_skip(f"the packages of {', '.join(missing)} are not installed: `make test` does it")
    return calls.check_all(_programs(), {piece.unit: piece.code for piece in sources.modules()})


@cache
def _on_purpose() -> dict[tuple[str, str], str]:
    path = Path(__file__).with_name("on_purpose.yaml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {(one["unit"], one["call"]): one["why"] for one in entries}


def _row_of(found: Found) -> str:
    first = found["unit"].partition(" ")[0]
    return first if first in ROWS or first == "planted" else BESIDE


def _findings(answer: calls.Answer, row: str) -> list[Found]:
    return [one for one in answer.found if _row_of(one) == row]


def _wrong(answer: calls.Answer, row: str) -> list[Found]:
    """Return the calls that do not exist or do not bind, except those that fail on purpose."""
    return [
        one
        for one in _findings(answer, row)
        if one["wrong"] and (one["unit"], one["call"]) not in _on_purpose()
    ]


def _needed_client(row: str) -> str | None:
    """Return the feature engineering client that a lesson needs, from the text before its first cell."""
    text = "" if row == BESIDE else sources.first_text(row)
    match = re.search(r"databricks-feature-engineering (\d+\.\d+) or newer", text)
    return match[1] if match else None


def _excused(answer: calls.Answer, row: str) -> bool:
    """Return whether a lesson says that the client of a runtime is too old for it."""
    needed = _needed_client(row)
    installed = answer.versions["databricks-feature-engineering"]
    return needed is not None and calls.version(installed) < calls.version(needed)


def _runtimes_of(row: str) -> tuple[str | None, str | None]:
    """Return the first and the last runtime for a lesson, from the text before its first cell."""
    text = "" if row == BESIDE else sources.first_text(row)
    first = re.search(r"DBR ML (\d+(?:\.\d+)?)\+", text)
    last = re.search(r"DBR ML up to (\d+(?:\.\d+)?)", text)
    return first[1] if first else None, last[1] if last else None


def _summary(answer: calls.Answer, row: str) -> str:
    """Return the cell of the table for a lesson and a runtime."""
    counted = len([one for one in _findings(answer, row) if one["kind"] == "call"])
    if _excused(answer, row):
        return f"needs FE {_needed_client(row)}"
    wrong = _wrong(answer, row)
    if wrong:
        return f"{len(wrong)} of {counted} FAIL"
    first, last = _runtimes_of(row)
    here = re.search(r"dbr-([\d.]+)", answer.runtime)
    if here and first and calls.version(here[1]) < calls.version(first):
        return f"needs DBR {first}"
    ours = last and (not here or calls.version(here[1]) > calls.version(last))
    return f"ok {counted} (ours)" if ours else f"ok {counted}"


def test_every_call_exists_and_binds(
    answers: list[calls.Answer], record_property: Callable[[str, object], None]
) -> None:
    weak = {(one["call"], *one["weak"]) for one in answers[-1].found if one["weak"]}
    lines = [f"{'lesson':8}" + "".join(f"{name:>16}" for name in calls.COLUMNS)]
    lines += [f"{row:8}" + "".join(f"{_summary(one, row):>16}" for one in answers) for row in ROWS]
    lines.append("ours: databricks.automl is gone there, and lakelab's answers")
    lines.append(f"by name only, in **kwargs: {len(weak)}; shown to fail: {len(_on_purpose())}")
    record_property("table: calls by lesson and runtime", "\n".join(lines))
    failures = [
        f"{one['unit']}, line {one['line']}: {one['call']}: {one['wrong']} ({answer.runtime}: "
        + ", ".join(f"{package} {version}" for package, version in answer.versions.items())
        + ")"
        for answer in answers
        for row in ROWS
        if not _excused(answer, row)
        for one in _wrong(answer, row)
    ]
    assert not failures, "\n".join(failures)


def test_no_call_is_on_an_unknown_receiver(answers: list[calls.Answer]) -> None:
    unknown = {
        f"{one['unit']}, line {one['line']}: what is {one['call']}? (say so in known.yaml)"
        for answer in answers
        for one in answer.unknown()
        if _row_of(one) != "planted"
    }
    assert not unknown, "\n".join(sorted(unknown))


def test_the_clients_have_the_versions_of_the_runtimes(answers: list[calls.Answer]) -> None:
    """The versions are those in lesson 02; the SDK is the newest if the first cell needs a newer one."""
    for answer, runtime in zip(answers, ("17.3 LTS ML", "18 LTS ML", "19 ML"), strict=False):
        (shipped,) = [
            entry["packages"]
            for name, entry in sources.runtimes().items()
            if name.endswith(runtime)
        ]
        mlflow = shipped.get("mlflow", shipped.get("mlflow-skinny"))
        assert answer.versions["mlflow"] == mlflow
        client = "databricks-feature-engineering"
        assert answer.versions[client] == shipped[client]
        sdk = calls.version(answer.versions["databricks-sdk"])
        assert sdk >= calls.version(calls.minimum_version("databricks-sdk"))
        own = calls.version(shipped["databricks-sdk"])
        assert sdk[: len(own)] == own or own < calls.version(
            calls.minimum_version("databricks-sdk")
        )


def test_a_lesson_needs_the_client_that_it_names(answers: list[calls.Answer]) -> None:
    """With an older client some calls fail, and all of these are calls of Databricks' clients."""
    excused = [(answer, row) for answer in answers for row in ROWS if _excused(answer, row)]
    for answer, row in excused:
        wrong = _wrong(answer, row)
        assert wrong, f"lesson {row} would run with the client of {answer.runtime}: say so"
        assert all(one["call"].startswith("databricks.") for one in wrong)
    assert not any(_excused(answers[-1], row) for row in ROWS)


def test_calls_that_fail_on_purpose_fail(answers: list[calls.Answer]) -> None:
    for answer in answers:
        wrong = {(one["unit"], one["call"]) for one in answer.wrong()}
        assert set(_on_purpose()) <= wrong


@pytest.mark.parametrize("mistake", PLANTED)
def test_the_check_finds_a_planted_mistake(mistake: str, answers: list[calls.Answer]) -> None:
    for answer in answers:
        wrong = [one["wrong"] for one in answer.wrong() if one["unit"] == f"planted {mistake}"]
        assert any(PLANTED[mistake][1] in one for one in wrong), (answer.runtime, wrong)


def test_the_check_accepts_correct_code(answers: list[calls.Answer]) -> None:
    for answer in answers:
        found = [one for one in answer.found if one["unit"] == "planted no mistake"]
        assert not [one for one in found if one["wrong"] or one["kind"] == "unknown"]
        assert len([one for one in found if one["kind"] == "call"]) == 5
        assert ["pyfunc_predict_fn"] in [list(one["weak"]) for one in found]


def test_the_check_reports_an_unknown_receiver(answers: list[calls.Answer]) -> None:
    for answer in answers:
        (unknown,) = [one for one in answer.unknown() if _row_of(one) == "planted"]
        assert unknown["call"] == "anything.set_registered_model_alias"
