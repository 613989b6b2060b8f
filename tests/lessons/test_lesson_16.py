"""Lesson 16: the checks of its exercises; its pipeline trains, logs lineage, and has a gate."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from mlflow import MlflowClient
from mlflow.data.delta_dataset_source import DeltaDatasetSource

from lakelab import flights
from lakelab.lab import Lab
from lakelab.lessons.lesson_16 import exercises
from lakelab.local.notebook.import_names import answer_official_names
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "16_promote_code_or_models.ipynb"
RIGHT = {number: scenario.answer for number, scenario in exercises.SCENARIOS.items()}


@pytest.fixture
def lab(spark, schema):
    catalog, _, name = schema.partition(".")
    return Lab(FakePlatform(spark, catalog, name))


class TestScenarios:
    def test_the_solution_passes(self, lab, capsys):
        answers = defined(exercises.EXERCISES["16.1"].solution, "answers")
        assert check(lab, "16.1", answers)
        assert "16.1: right" in capsys.readouterr().out

    def test_a_list_passes_too_and_capitals_do_not_matter(self, lab):
        assert exercises.check_scenarios(lab, [answer.upper() for answer in RIGHT.values()]) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        assert not check(lab, "16.1", dict.fromkeys(range(1, 9), ...))
        assert "No answer yet: replace each ..." in capsys.readouterr().out

    @pytest.mark.parametrize("number", RIGHT)
    def test_each_wrong_answer_is_named_with_its_reason_and_no_other(self, lab, number):
        for given in set(exercises.CHOICES) - {RIGHT[number]}:
            mistakes = exercises.check_scenarios(lab, RIGHT | {number: given})
            assert len(mistakes) == 1
            assert mistakes[0].startswith(f"{number}: not {given}: ")
            assert exercises.SCENARIOS[number].why[given] in mistakes[0]

    def test_missing_and_invalid_answers_are_reported(self, lab):
        mistakes = exercises.check_scenarios(lab, RIGHT | {2: ..., 3: "models", 4: 7})
        assert mistakes == [
            "2: no answer yet.",
            "3: 'models' is none of code, model, hybrid.",
            "4: 7 is none of code, model, hybrid.",
        ]
        assert "8: no answer yet." in exercises.check_scenarios(lab, list(RIGHT.values())[:7])

    @pytest.mark.parametrize("answers", ["code", 5, {"code"}])
    def test_answers_of_another_type(self, lab, answers):
        assert "Give a dictionary" in exercises.check_scenarios(lab, answers)[0]

    def test_each_choice_is_right_somewhere_and_the_last_hint_counts_them(self):
        count = {choice: list(RIGHT.values()).count(choice) for choice in exercises.CHOICES}
        assert count == {"code": 4, "model": 3, "hybrid": 1}
        hint = exercises.EXERCISES["16.1"].hints[-1]
        assert "Four of them promote code, three the model, and one" in hint

    def test_the_notebook_has_as_many_situations(self):
        cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
        numbers = re.findall(r"^(\d+)\. ", cells["your-turn"], flags=re.MULTILINE)
        assert [int(number) for number in numbers] == list(exercises.SCENARIOS)


class TestForeignTables:
    def test_the_solution_passes(self, lab, capsys):
        function = defined(exercises.EXERCISES["16.2"].solution, "foreign_tables")
        assert check(lab, "16.2", function)
        assert "16.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def foreign_tables(run, schema): ...

        assert not check(lab, "16.2", foreign_tables)
        assert "expected [], it returned None." in capsys.readouterr().out
        assert "function, not int" in exercises.check_foreign_tables(lab, 3)[0]

    def test_a_prefix_is_not_a_schema(self, lab):
        def by_prefix(run, schema):
            names = {entry.dataset.name for entry in run.inputs.dataset_inputs}
            return sorted(name for name in names if not name.startswith(schema))

        mistakes = exercises.check_foreign_tables(lab, by_prefix)
        assert len(mistakes) == 1
        assert "prod.lakelab_eu, which is another one" in mistakes[0]

    def test_the_catalog_alone_is_not_enough(self, lab):
        def by_catalog(run, schema):
            names = {entry.dataset.name for entry in run.inputs.dataset_inputs}
            return sorted(n for n in names if n.split(".")[0] != schema.split(".")[0])

        assert "prod.lakelab_eu" in exercises.check_foreign_tables(lab, by_catalog)[0]

    def test_a_table_that_is_named_twice(self, lab):
        def twice(run, schema):
            names = [entry.dataset.name for entry in run.inputs.dataset_inputs]
            return sorted(name for name in names if name.rpartition(".")[0] != schema)

        mistakes = exercises.check_foreign_tables(lab, twice)
        assert len(mistakes) == 1
        assert "one of them twice" in mistakes[0]

    def test_an_error_is_reported(self, lab):
        def broken(run, schema):
            return run.data.inputs

        assert "it raised AttributeError" in exercises.check_foreign_tables(lab, broken)[0]


# ---- the pipeline -----------------------------------------------------------------------------------
@pytest.fixture
def pipeline(experiment, monkeypatch):
    """Return the module, with a temporary store for runs and models."""
    answer_official_names()
    from lakelab.lessons.lesson_16 import pipeline

    # it would ask a workspace for the table's id, and there is none in these tests
    monkeypatch.setattr(DeltaDatasetSource, "_lookup_table_id", lambda source, table: "id")
    return pipeline


@pytest.fixture
def tables(spark, schema):
    """Create a schema with one flight in twenty and all weather; return its two-level name."""
    from databricks.feature_engineering import FeatureEngineeringClient

    labels = flights.flight_labels(flights.read_raw("flights").iloc[::20])
    spark.createDataFrame(labels).write.saveAsTable(f"{schema}.flight_labels")
    FeatureEngineeringClient().create_table(
        name=f"{schema}.airport_weather",
        primary_keys=["origin", "ts"],
        timeseries_column="ts",
        df=spark.createDataFrame(flights.airport_weather(flights.read_raw("weather"))),
    )
    spark.sql(f"UPDATE {schema}.flight_labels SET hour = hour")  # so that its version is not 0
    return schema


def test_the_pipeline_logs_all_that_a_new_training_needs(pipeline, spark, tables):
    client = MlflowClient()
    version = pipeline.train_and_register(spark, tables, "m", seed=3, git_commit="4f1c")

    assert client.get_model_version_by_alias(f"{tables}.m", "Champion").version == version.version
    assert version.tags["validation_status"] == "approved"
    assert version.tags["validated_in"] == tables
    run = client.get_run(version.run_id)
    assert run.data.tags["git_commit"] == "4f1c"
    january_to_june = spark.table(f"{tables}.flight_labels").where("month <= 6").count()
    assert run.data.params == {
        "seed": "3",
        "rows": str(january_to_june),
        "version_of_flight_labels": "1",
        "version_of_airport_weather": "1",
    }
    assert f"{run.data.metrics['validation_auc']:.3f}" == version.tags["validation_auc"]
    names = {entry.dataset.name for entry in run.inputs.dataset_inputs}
    assert names == {f"{tables}.flight_labels", f"{tables}.airport_weather"}

    again = pipeline.train_and_register(spark, tables, "m", seed=3)
    assert int(again.version) == int(version.version) + 1
    assert again.tags["validation_auc"] == version.tags["validation_auc"]


def test_a_version_that_is_not_good_enough_stays_without_the_alias(
    pipeline, spark, tables, monkeypatch
):
    client, name = MlflowClient(), f"{tables}.m"
    first = pipeline.train_and_register(spark, tables, "m")
    monkeypatch.setattr(pipeline, "MINIMUM_AUC", 0.99)
    with pytest.raises(pipeline.NotGoodEnoughError, match="version 2 of .* 0.99 is the least"):
        pipeline.train_and_register(spark, tables, "m")

    assert str(client.get_model_version_by_alias(name, "Champion").version) == str(first.version)
    second = client.get_model_version(name, "2")
    assert second.tags["validation_status"] == "rejected"
    assert client.get_run(second.run_id).info.status == "FINISHED"


class TestTheJobs:
    """The tasks of the jobs `promote` and `deployment`, on real tables and models."""

    @pytest.fixture
    def trained(self, pipeline, spark, tables, monkeypatch):
        """Register a version with the task `train`; return the arguments for it."""
        monkeypatch.setattr(pipeline, "SparkSession", FakeBuilder(spark))
        monkeypatch.setattr(pipeline.mlflow, "set_registry_uri", lambda uri: None)
        version = pipeline.train(spark, tables, "m")
        return [f"--model-name={version.name}", f"--model-version={version.version}"]

    @pytest.fixture
    def client(self):
        return MlflowClient()

    def test_promote(self, pipeline, tables, trained, client, capsys):
        name = f"{tables}.m"
        assert client.get_registered_model(name).aliases == {}
        with pytest.raises(pipeline.NotGoodEnoughError, match="has not passed its validation"):
            pipeline.main(["promote", *trained])
        assert client.get_registered_model(name).aliases == {}

        pipeline.main(["validate", *trained])
        version = client.get_model_version(name, "1")
        assert version.tags["validation_status"] == "approved"
        auc = client.get_run(version.run_id).data.metrics["validation_auc"]
        assert f"{auc:.3f}" == version.tags["validation_auc"]
        # a verdict that came with a copy from elsewhere does not count
        client.set_model_version_tag(name, "1", "validated_in", "elsewhere.lakelab")
        with pytest.raises(
            pipeline.NotGoodEnoughError, match="'validated_in': 'elsewhere.lakelab'"
        ):
            pipeline.main(["promote", *trained])
        client.set_model_version_tag(name, "1", "validated_in", tables)
        assert client.get_registered_model(name).aliases == {}
        pipeline.main(["promote", *trained])
        assert str(client.get_registered_model(name).aliases["Champion"]) == "1"
        assert f"Champion of {name} is version 1" in capsys.readouterr().out

    def test_a_version_that_fails_its_validation_is_not_promoted(
        self, pipeline, spark, tables, trained, client, monkeypatch
    ):
        name = f"{tables}.m"
        pipeline.main(["validate", *trained])
        pipeline.main(["promote", *trained])
        second = [
            f"--model-name={name}",
            f"--model-version={pipeline.train(spark, tables, 'm').version}",
        ]
        monkeypatch.setattr(pipeline, "MINIMUM_AUC", 0.99)
        with pytest.raises(pipeline.NotGoodEnoughError, match="version 2 of .* 0.99 is the least"):
            pipeline.main(["validate", *second])
        with pytest.raises(pipeline.NotGoodEnoughError, match="Champion stays"):
            pipeline.main(["promote", *second])
        assert str(client.get_registered_model(name).aliases["Champion"]) == "1"

    def test_a_deployment_job_waits_for_approval_and_can_run_twice(
        self, pipeline, spark, tables, trained, client
    ):
        name = f"{tables}.m"
        approve = ["approve", *trained, "--approval-tag=Approval_Check"]
        pipeline.main(["validate", *trained])
        with pytest.raises(pipeline.NotApprovedError, match="'Approval_Check' is None"):
            pipeline.main(approve)
        client.set_model_version_tag(name, "1", "Approval_Check", "rejected")
        with pytest.raises(pipeline.NotApprovedError, match="is 'rejected', expected 'Approved'"):
            pipeline.main(approve)
        client.set_model_version_tag(name, "1", "Approval_Check", "Approved")
        pipeline.main(approve)
        pipeline.main(["promote", *trained])
        pipeline.main(["promote", *trained])
        assert str(client.get_registered_model(name).aliases["Champion"]) == "1"

        # a late second run for version 1 does not bring it back
        pipeline.train_and_register(spark, tables, "m")
        pipeline.main(["validate", *trained])
        pipeline.main(["promote", *trained])
        assert str(client.get_registered_model(name).aliases["Champion"]) == "2"


class FakeBuilder:
    """A `SparkSession.builder` whose `getOrCreate()` returns the session of the tests."""

    def __init__(self, spark):
        self._spark = spark

    @property
    def builder(self):
        return self

    def getOrCreate(self):
        return self._spark


def test_the_pipeline_names_no_environment(pipeline):
    """Promoted code must not depend on its environment."""
    text = Path(pipeline.__file__).read_text(encoding="utf-8")
    assert not re.search(r"\b(dev|staging|prod)\b", text)
