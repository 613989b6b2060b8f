"""The results of AutoML calls: a summary, its trials, and imported notebooks.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.automl.errors import AutoMLError

if TYPE_CHECKING:
    from mlflow.entities import Experiment


@dataclass(frozen=True)
class TrialInfo:
    """One trained model, with its run.

    Attributes
    ----------
    notebook_path : str or None
        The generated notebook. Only the notebook of the best trial is a file at once. The others are
        artifacts of their runs: import them with :func:`databricks.automl.import_notebook`.
    notebook_url : str or None
    artifact_uri : str
        The URI of the notebook among the artifacts of the run.
    mlflow_run_id : str
    metrics : dict of str to float
        With the prefixes ``training_``, ``val_`` and ``test_``.
    params : dict of str to str
    model_path : str or None
        URI of the logged model. It is None if the trial was no better than the trials before it: such
        models are not kept.
    model_description : str
        The estimator and its parameters.
    duration : str
    preprocessors : str
        The preprocessing of the columns.
    evaluation_metric_score : float
        The primary metric on the validation part.
    """

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

    def load_model(self) -> Any:
        """Load the model that this trial trained.

        Raises
        ------
        AutoMLError
            If the model was not kept.
        """
        if self.model_path is None:
            raise AutoMLError(
                f"the model of run {self.mlflow_run_id} was not kept: it was no better than those "
                f"before it. Train it again with its notebook: "
                f"databricks.automl.import_notebook({self.artifact_uri!r}, '<folder>')."
            )
        if "forecast" in self.params:
            import mlflow.pyfunc

            return mlflow.pyfunc.load_model(self.model_path)
        import mlflow.sklearn

        local = mlflow.artifacts.download_artifacts(self.model_path)
        # the feature engineering client stores the model that it wraps with lookups in this folder
        wrapped = Path(local) / "data" / "feature_store" / "raw_model"
        return mlflow.sklearn.load_model(str(wrapped if wrapped.is_dir() else local))


@dataclass(frozen=True)
class AutoMLSummary:
    """All trials of one call.

    Attributes
    ----------
    experiment : mlflow.entities.Experiment
    trials : list of TrialInfo
        The best first.
    best_trial : TrialInfo
    metric_distribution : str
        The distribution of the primary metric over the trials.
    semantic_type_conversions : dict of str to list of str
        Semantic type -> columns whose stored type differs.
    is_early_stopped : bool
        Whether the call ended before its timeout because the score no longer improved.
    output_table_name : str or None
        Table with the predictions of a forecast.
    """

    experiment: Experiment
    trials: list[TrialInfo]
    best_trial: TrialInfo
    metric_distribution: str
    semantic_type_conversions: dict[str, list[str]] = field(default_factory=dict)
    is_early_stopped: bool = False
    output_table_name: str | None = None


@dataclass(frozen=True)
class ImportNotebookResult:
    """The path and the URL of an imported notebook."""

    path: str
    url: str


def metric_distribution(metric: str, scores: Sequence[float]) -> str:
    """Return the distribution of a metric over the trials, as text.

    Parameters
    ----------
    metric : str
    scores : sequence of float
        The metric of each trial.

    Returns
    -------
    str

    Examples
    --------
    >>> metric_distribution("val_roc_auc_score", [0.7, 0.72, 0.74])
    'val_roc_auc_score: min 0.7, 25% 0.71, median 0.72, 75% 0.73, max 0.74, over 3 trials'
    """
    import pandas as pd

    quartiles = pd.Series(scores, dtype=float).quantile([0, 0.25, 0.5, 0.75, 1]).to_list()
    names = ("min", "25%", "median", "75%", "max")
    distribution = ", ".join(
        f"{name} {value:.4g}" for name, value in zip(names, quartiles, strict=True)
    )
    return f"{metric}: {distribution}, over {len(scores)} trials"
