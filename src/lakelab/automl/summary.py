"""What an AutoML call gives back: a summary, its trials, and imported notebooks.

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
    """One trained model, and where it was recorded.

    Attributes
    ----------
    notebook_path : str or None
        The generated notebook. Only the best trial's is a file at once; those of the others are
        artifacts of their runs, for :func:`databricks.automl.import_notebook`.
    notebook_url : str or None
    artifact_uri : str
        Where the notebook of this trial is among the artifacts of its run.
    mlflow_run_id : str
    metrics : dict of str to float
        With the prefixes ``training_``, ``val_`` and ``test_``.
    params : dict of str to str
    model_path : str or None
        URI of the logged model; None where the trial was no better than those before it, whose model
        is not kept.
    model_description : str
        The estimator and its parameters.
    duration : str
    preprocessors : str
        How columns were prepared.
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
        # where the feature engineering client puts the model that it wraps with its lookups
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
        How the primary metric is spread over the trials.
    semantic_type_conversions : dict of str to list of str
        Semantic type -> columns that were taken for it, whatever their stored type says.
    is_early_stopped : bool
        Whether the call ended before its time because the score no longer rose.
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
    """Where an imported notebook is."""

    path: str
    url: str


def metric_distribution(metric: str, scores: Sequence[float]) -> str:
    """Say how a metric is spread over the trials.

    Parameters
    ----------
    metric : str
    scores : sequence of float
        One for each trial, in the metric's own unit.

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
    spread = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, quartiles, strict=True))
    return f"{metric}: {spread}, over {len(scores)} trials"
