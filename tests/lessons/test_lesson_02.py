"""Lesson 02: the runtimes as data, the comparison with an environment, and the exercises."""

from __future__ import annotations

import datetime
from importlib.metadata import PackageNotFoundError

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from lakelab.lessons.lesson_02 import exercises, runtimes
from lakelab.lessons.lesson_02.runtimes import CurrentRuntime
from lakelab.study.exercises import check

from .conftest import defined

ENTRIES = runtimes.entries()
KEYS = {"name", "kind", "version", "ml", *runtimes.FACTS, "packages", "sources"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
class TestEachRuntime:
    """Each entry of runtimes.yaml is complete, readable and has its sources."""

    def test_an_entry_has_all_keys(self, entry):
        assert set(entry) == KEYS
        assert entry["kind"] in ("classic", "serverless")

    def test_versions_are_valid(self, entry):
        written = {"version": entry["version"], "python": entry["python"], **entry["packages"]}
        written |= {key: entry[key] for key in ("spark", "mlflow") if entry[key] is not None}
        for what, version in written.items():
            assert isinstance(version, str), f"{what} needs quotation marks"
            assert Version(version).release, what

    def test_dates_are_valid(self, entry):
        for key in ("released", "supported_until"):
            if entry[key] is not None and entry[key][0].isdigit():
                datetime.date.fromisoformat(entry[key])

    def test_flags_are_booleans_or_unknown(self, entry):
        assert entry["ml"] in (True, False)
        for key in ("autologging", "automl", "hyperopt", "gpu"):
            assert entry[key] in (True, False, None), key

    def test_an_entry_has_the_libraries_of_the_lesson(self, entry):
        assert set(entry["packages"]) <= set(runtimes.libraries().index)
        assert all(canonicalize_name(name) == name for name in entry["packages"])

    def test_an_entry_has_its_sources(self, entry):
        first, *others = entry["sources"]
        part = "dbr" if entry["kind"] == "classic" else "serverless"
        assert first.startswith(f"databricks/environments: python/{part}/")
        assert entry["version"] in first
        assert ("-ml" in first) is entry["ml"]
        assert others
        assert all(source.startswith("docs: ") for source in others)

    def test_the_two_records_of_a_version_agree(self, entry):
        assert entry["packages"]["mlflow-skinny"] == entry["mlflow"]
        assert entry["automl"] is ("databricks-automl-runtime" in entry["packages"])

    def test_the_name_shows_the_ml_variant(self, entry):
        assert entry["name"].endswith(" ML") is entry["ml"]
        for library in ("xgboost", "torch", "databricks-feature-engineering"):
            assert (library in entry["packages"]) is entry["ml"]


def test_runtimes_and_sources_are_unique():
    for key in (lambda e: e["name"], lambda e: e["sources"][0]):
        assert len({key(entry) for entry in ENTRIES}) == len(ENTRIES)


STATED = {
    "DBR 16.4 LTS ML": {"spark": "3.5.2", "mlflow": "2.21.3", "supported_until": "2028-05-09",
                        "databricks-feature-engineering": "0.10.2", "databricks-automl-runtime": "0.2.21"},
    "DBR 17.3 LTS ML": {"spark": "4.0.0", "mlflow": "3.0.1", "released": "2025-10-22",
                        "supported_until": "2028-10-22", "databricks-feature-engineering": "0.12.1",
                        "databricks-automl-runtime": "0.2.21"},
    "DBR 18 LTS ML": {"spark": "4.1.0", "mlflow": "3.8.1", "released": "2026-06-10",
                      "supported_until": "2029-06-10", "databricks-feature-engineering": "0.13.0.1",
                      "scikit-learn": "1.6.1", "xgboost": "3.1.1", "lightgbm": "4.6.0", "torch": "2.9.0",
                      "tensorflow": "2.20.0", "optuna": "3.6.1", "ray": "2.37.0", "shap": "0.49.1",
                      "prophet": "1.2.1", "transformers": "4.57.1", "pandas": "2.2.3", "numpy": "2.1.3"},
    "DBR 19 ML": {"spark": "4.2.0", "mlflow": "3.12.0", "released": "2026-06-15",
                  "databricks-feature-engineering": "0.13.0.1", "scikit-learn": "1.7.2",
                  "xgboost": "3.2.0", "torch": "2.12.0", "tensorflow": None, "optuna": "3.6.1"},
    "Serverless 5": {"python": "3.12", "mlflow": "3.8.1", "xgboost": None},
    "Serverless 5 ML": {"python": "3.12", "mlflow": "3.8.1", "optuna": "3.6.1", "automl": False,
                        "databricks-feature-engineering": "0.13.0.1", "autologging": False},
    "Serverless 6": {"mlflow": "3.12.0", "scikit-learn": "1.7.2", "lightgbm": None, "optuna": None,
                     "shap": None, "databricks-feature-engineering": None},
    "Serverless 6 ML": {"spark": "4.2", "mlflow": "3.12.0", "scikit-learn": "1.7.2", "tensorflow": None,
                        "databricks-feature-engineering": "0.13.0.1", "hyperopt": False},
}  # fmt: skip
"""The facts of the course beside the file: a typing error in either of them fails a test."""


@pytest.mark.parametrize("name", STATED)
def test_the_file_agrees_with_the_sources(name):
    entry = next(entry for entry in ENTRIES if entry["name"] == name)
    found = {**dict.fromkeys(runtimes.libraries().index), **entry["packages"], **entry}
    assert {key: found[key] for key in STATED[name]} == STATED[name]


class TestTables:
    def test_one_row_for_each_runtime_of_the_variants(self):
        assert list(runtimes.runtimes().index) == [entry["name"] for entry in ENTRIES]
        assert all(name.endswith(" ML") for name in runtimes.runtimes(ml=True).index)
        assert not any(name.endswith(" ML") for name in runtimes.libraries(ml=False))

    def test_all_rows_are_shown(self):
        """`display` ends after 20 rows."""
        assert len(runtimes.libraries()) <= 20

    def test_a_value_without_a_source_is_not_verified(self):
        table = runtimes.runtimes()
        assert table.loc["Serverless 6 ML", "supported until"] == "not verified"
        assert table.loc["DBR 18 LTS", "Hyperopt"] == "not verified"
        assert table.loc["DBR 18 LTS ML", "Hyperopt"] == "no"
        assert table.map(lambda cell: isinstance(cell, str)).all(axis=None)
        assert runtimes.libraries().map(lambda cell: isinstance(cell, str)).all(axis=None)


class TestTold:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"DATABRICKS_RUNTIME_VERSION": "16.4"}, CurrentRuntime("classic", "16.4")),
            ({"DATABRICKS_RUNTIME_VERSION": "18.1"}, CurrentRuntime("classic", "18.1")),
            (
                {"DATABRICKS_RUNTIME_VERSION": "18.x-aarch64-photon-scala2.13"},
                CurrentRuntime("classic", "18"),
            ),
            ({"DATABRICKS_RUNTIME_VERSION": "client.5.1"}, CurrentRuntime("serverless", "5")),
            ({"DATABRICKS_RUNTIME_VERSION": "client.6"}, CurrentRuntime("serverless", "6")),
            ({"DATABRICKS_ENV_VERSION": "6"}, CurrentRuntime("serverless", "6")),
            ({"DATABRICKS_RUNTIME_VERSION": "custom"}, None),
            ({"HOME": "/home/me"}, None),
        ],
    )
    def test_forms(self, environ, expected):
        assert runtimes.current_runtime(environ) == expected


class TestPlaced:
    @pytest.mark.parametrize("name", list(runtimes.libraries()))
    def test_each_runtime_is_recognised_by_its_libraries(self, name):
        place = runtimes.placed(runtimes.libraries()[name].to_dict())
        assert place.loc[name, "different"] == place["different"].min() == 0
        assert (
            place["different"] == 0
        ).sum() <= 2  # a cluster's and a serverless one may be the same

    @pytest.mark.parametrize(
        ("runtime", "library", "variants"),
        [
            (CurrentRuntime("classic", "18.1"), "xgboost", ["DBR 18 LTS ML", "DBR 18 LTS"]),
            (CurrentRuntime("classic", "18"), "pandas", ["DBR 18 LTS", "DBR 18 LTS ML"]),
            (CurrentRuntime("serverless", "6"), "xgboost", ["Serverless 6 ML", "Serverless 6"]),
        ],
    )
    def test_a_known_version_limits_the_variants(self, runtime, library, variants):
        every = runtimes.libraries()
        place = runtimes.placed(every[variants[0]].to_dict(), runtime)
        assert place.index.tolist() == variants
        assert every.loc[library, variants[0]] != "–"

    def test_an_unknown_version_is_compared_with_all(self):
        assert len(runtimes.placed({}, CurrentRuntime("classic", "99.1"))) == len(ENTRIES)
        assert len(runtimes.placed({}, CurrentRuntime("classic", "180.1"))) == len(
            ENTRIES
        )  # not 18

    def test_the_counts_of_versions(self):
        here = runtimes.libraries()["DBR 19"].to_dict()
        here |= {"pandas": "2.3.0", "numpy": "2.4.6", "scipy": "–", "xgboost": "3.2.0"}
        row = runtimes.placed(here).loc["DBR 19"]
        assert row.to_dict() == {
            "same version": 7,  # pandas 2.3.0 for 2.3.3
            "other version": 1,
            "only there": 1,
            "only here": 1,
            "different": 3,
        }


class TestCourseRequirements:
    def test_the_requirements_include_the_extra_databricks_only(self):
        names = {one.name for one in runtimes.course_requirements()}
        assert {"mlflow-skinny", "databricks-feature-engineering", "optuna"} <= names
        assert not names & {"pysail", "pytest", "jupyterlab"}

    def test_a_git_folder_on_databricks_has_no_installed_package(self, monkeypatch):
        installed = {(one.name, str(one.specifier)) for one in runtimes.course_requirements()}

        def missing(name):
            raise PackageNotFoundError(name)

        monkeypatch.setattr(runtimes, "requires", missing)
        declared = {(one.name, str(one.specifier)) for one in runtimes.course_requirements()}
        assert declared == installed


class TestTeams:
    def test_the_solution_passes(self, capsys):
        answers = defined(exercises.EXERCISES["02.1"].solution, "answers")
        assert check(None, "02.1", answers)
        assert "02.1: right" in capsys.readouterr().out

    @pytest.mark.parametrize("team", exercises.TEAMS)
    def test_each_runtime_that_fits_is_right_and_no_other(self, team):
        answers = defined(exercises.EXERCISES["02.1"].solution, "answers")
        right = exercises.fitting(team)
        assert 1 <= len(right) <= 2
        for entry in ENTRIES:
            wrong = exercises.check_teams(None, {**answers, team: entry["name"]})
            assert (not wrong) is (entry["name"] in right)

    def test_the_unsolved_cell_is_refused(self, capsys):
        assert not check(None, "02.1", dict.fromkeys(range(1, 7), ...))
        assert capsys.readouterr().out.count("no answer yet.") == 6
        assert not check(None, "02.1", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("team", "answer", "message"),
        [
            (1, "DBR 16.4 LTS ML", "1: DBR 16.4 LTS ML is supported until 2028-05-09 only."),
            (1, "DBR 19 ML", "1: DBR 19 ML has no AutoML built in."),
            (2, "Serverless 6", "2: Serverless 6 does not list xgboost."),
            (2, "Serverless 5 ML", "2: Serverless 5 ML has MLflow 3.8.1."),
            (2, "DBR 19 ML", "2: DBR 19 ML is for clusters of your own."),
            (
                3,
                "DBR 17.3 LTS ML",
                "is supported until 2028-10-22; another one is supported longer.",
            ),
            (4, "DBR 18 LTS ML", "has pandas 2.2.3, and they need pandas==2.3.*."),
            (4, "Serverless 6 ML", "logs nothing before you call mlflow.autolog()."),
            (5, "DBR 18 LTS ML", "is for Dedicated access mode"),
            (6, "DBR 17.3 LTS ML", "has databricks-feature-engineering 0.12.1, and they need"),
            (6, "DBR 19 ML", "does not list tensorflow."),
            (6, "18 LTS ML", "there is no runtime '18 LTS ML'. There are: DBR 16.4 LTS ML, "),
        ],
    )
    def test_typical_wrong_answers(self, team, answer, message):
        answers = defined(exercises.EXERCISES["02.1"].solution, "answers")
        wrong = exercises.check_teams(None, {**answers, team: answer})
        assert len(wrong) == 1
        assert message in wrong[0]

    @pytest.mark.parametrize(
        "answers", [7, ["DBR 19 ML"], {1: 7, 2: None, 3: [], "4": "DBR 19 ML"}]
    )
    def test_answers_of_another_type_raise_nothing(self, answers):
        assert exercises.check_teams(None, answers)


class TestUnmet:
    def solution(self):
        return defined(
            exercises.EXERCISES["02.2"].solution,
            "unmet",
            Requirement=Requirement,
            canonicalize_name=canonicalize_name,
        )

    def test_the_solution_passes(self, capsys):
        assert check(None, "02.2", self.solution())
        assert "02.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, capsys):
        def unmet(requirements, environment): ...

        assert not check(None, "02.2", unmet)
        assert "unmet returns nothing yet" in capsys.readouterr().out
        assert exercises.check_unmet(None, 7) == ["unmet should be a function, not int."]

    def test_versions_compared_as_strings(self):
        def as_texts(requirements, environment):
            return [
                one
                for one in requirements
                if "==" in one and environment.get(one.split("==")[0]) != one.split("==")[1]
            ]

        mistakes = " ".join(exercises.check_unmet(None, as_texts))
        assert "Where the name is spelled otherwise" in mistakes
        assert "Where the build has a local label" in mistakes

    def test_a_missing_library(self):
        def hopeful(requirements, environment):
            needs = [Requirement(one) for one in requirements]
            return [str(n) for n in needs if not n.specifier.contains(environment[n.name])]

        mistakes = " ".join(exercises.check_unmet(None, hopeful))
        assert "Where a library is not there, it raises KeyError" in mistakes

    def test_a_missing_library_is_not_met_without_a_version_either(self):
        def lenient(requirements, environment):
            needs = [(one, Requirement(one)) for one in requirements]
            return [
                one
                for one, n in needs
                if n.specifier
                and not n.specifier.contains(environment.get(canonicalize_name(n.name), "0"))
            ]

        (mistake,) = exercises.check_unmet(None, lenient)
        assert "Where a library is not there, and no version is asked for" in mistake

    def test_the_learner_cannot_change_the_cases(self):
        def greedy(requirements, environment):
            environment.clear()
            requirements.clear()
            return []

        exercises.check_unmet(None, greedy)
        assert exercises.HERE
        assert exercises.check_unmet(None, self.solution()) == []
