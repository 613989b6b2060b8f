"""`databricks.automl` by its documentation: Databricks Runtime ML up to 17.3 has it, and no package on PyPI.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference;
`tests/automl/test_signatures.py` compares these parameters with those of `lakelab.automl`.
"""

from __future__ import annotations

from typing import Any

from mlflow.entities import Experiment


class AutoMLError(Exception): ...


class TrialInfo:
    notebook_path: str | None
    notebook_url: str | None
    artifact_uri: str
    mlflow_run_id: str
    metrics: dict[str, float]
    params: dict[str, str]
    model_path: str | None
    model_description: str
    duration: str
    preprocessors: str
    evaluation_metric_score: float

    def load_model(self) -> object: ...


class AutoMLSummary:
    experiment: Experiment
    trials: list[TrialInfo]
    best_trial: TrialInfo
    metric_distribution: str
    semantic_type_conversions: dict[str, list[str]]
    is_early_stopped: bool
    output_table_name: str | None


class ImportNotebookResult:
    path: str
    url: str


def classify(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "f1",
    data_dir: str | None = None,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_cols: list[str] | None = None,
    exclude_frameworks: list[str] | None = None,
    feature_store_lookups: list[dict[str, Any]] | None = None,
    imputers: dict[str, Any] | None = None,
    pos_label: Any = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: int | None = None,
) -> AutoMLSummary: ...


def regress(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "r2",
    data_dir: str | None = None,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_cols: list[str] | None = None,
    exclude_frameworks: list[str] | None = None,
    feature_store_lookups: list[dict[str, Any]] | None = None,
    imputers: dict[str, Any] | None = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: int | None = None,
) -> AutoMLSummary: ...


def forecast(
    dataset: Any,
    *,
    target_col: str,
    time_col: str,
    primary_metric: str = "smape",
    country_code: str = "US",
    frequency: str = "D",
    horizon: int = 1,
    data_dir: str | None = None,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_frameworks: list[str] | None = None,
    feature_store_lookups: list[dict[str, Any]] | None = None,
    identity_col: str | list[str] | None = None,
    sample_weight_col: str | None = None,
    output_database: str | None = None,
    timeout_minutes: int | None = None,
) -> AutoMLSummary: ...


def import_notebook(
    artifact_uri: str, path: str, overwrite: bool = False
) -> ImportNotebookResult: ...
