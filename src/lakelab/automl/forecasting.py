"""Run a forecast, from the dataset to the summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from lakelab.automl.dataset import active_spark, read_dataset, require_columns
from lakelab.automl.errors import AutoMLError
from lakelab.automl.forecast_models import FOLDS, Forecaster, cross_validate, forecasters
from lakelab.automl.forecast_notebook import forecast_notebook, series_notebook
from lakelab.automl.metrics import require_primary_metric, validation_metric
from lakelab.automl.progress import Progress
from lakelab.automl.summary import AutoMLSummary, TrialInfo, metric_distribution
from lakelab.automl.time_series import SERIES, TIME, parse_frequency, to_regular_series
from lakelab.automl.tracking import (
    TRIAL_TAG,
    Records,
    artifact_uri,
    create_records,
    pickle_by_value,
    pinned_requirements,
    record_run,
)


class ForecastModel(PythonModel):
    """The logged model of a forecast: it returns the forecast of its series for the horizon.

    Parameters
    ----------
    made : pandas.DataFrame
        ``unique_id``, ``ds``, ``forecast``: the forecast for the horizon.
    time_col : str
    identity : list of str
        The columns that identify a series.
    """

    def __init__(self, made: pd.DataFrame, time_col: str, identity: list[str]):
        self.made, self.time_col, self.identity = made, time_col, identity

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        """Return the forecast for the series and the time of each row; NaN beyond the horizon."""
        names = (
            model_input[self.identity].astype(str).agg("-".join, axis=1)
            if self.identity
            else "series"
        )
        keys = pd.DataFrame(
            {"unique_id": names, "ds": pd.to_datetime(model_input[self.time_col])},
            index=model_input.index,
        )
        joined = keys.merge(self.made, on=["unique_id", "ds"], how="left")
        return joined["forecast"].to_numpy()


def run_forecast(
    dataset: Any,
    *,
    target_col: str,
    time_col: str,
    primary_metric: str,
    country_code: str,
    frequency: str,
    horizon: int,
    experiment_dir: str | None,
    experiment_name: str | None,
    exclude_frameworks: Sequence[str] | None,
    identity_col: str | Sequence[str] | None,
    output_database: str | None,
    seconds: float,
) -> AutoMLSummary:
    """Forecast with each model, and rank the models; see :func:`lakelab.automl.forecast`.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.
    """
    require_primary_metric("forecast", primary_metric)
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise AutoMLError(f"horizon={horizon!r}: expected a whole number of at least 1.")
    grid = parse_frequency(frequency)
    identity = [identity_col] if isinstance(identity_col, str) else list(identity_col or ())
    rows, left_out = read_dataset(dataset)
    require_columns(
        rows, {"target_col": target_col, "time_col": time_col, "identity_col": identity}
    )
    series, changed = to_regular_series(rows, target_col, time_col, identity, grid)
    shortest = int(series.groupby(SERIES).size().min()) if len(series) else 0
    required = (FOLDS + 2) * horizon + 2
    if shortest < required:
        raise AutoMLError(
            f"a series has {shortest} points: expected at least {required} for horizon={horizon}, as "
            f"{FOLDS} folds are kept for validation. Give a longer history, or a shorter horizon."
        )
    # a season needs two full periods in the history: a single one may be chance
    season = grid.season if shortest - FOLDS * horizon >= 2 * grid.season else 1
    inferred = series.groupby(SERIES)[TIME].apply(pd.infer_freq).dropna()
    pandas_frequency = str(inferred.iloc[0]) if len(inferred) else grid.pandas
    models = forecasters(pandas_frequency, season, country_code, exclude_frameworks)
    records = create_records(
        "forecast",
        target_col,
        series,
        experiment_name=experiment_name,
        experiment_dir=experiment_dir,
    )
    alerts = [*([left_out] if left_out else []), *changed]
    exploration = series_notebook(records, target_col, pandas_frequency, horizon, season, alerts)
    (records.folder / "DataExploration.ipynb").write_text(exploration, encoding="utf-8")
    mlflow.MlflowClient().log_text(
        records.data_run_id, exploration, "notebooks/DataExploration.ipynb"
    )
    recorder = ForecastRecorder(
        records,
        series,
        validation_metric(primary_metric),
        horizon,
        {"frequency": pandas_frequency, "season_length": str(season)},
        lambda made: ForecastModel(made, time_col, identity),
        target_col,
        seconds,
    )
    failed = _evaluate_models(models, recorder)
    ranked = sorted(recorder.trials, key=lambda trial: trial.evaluation_metric_score)
    best, best_model = ranked[0], recorder.best_model
    file = records.folder / f"BestTrial-{best_model.name}-{best.mlflow_run_id[:8]}.ipynb"
    file.write_text(recorder.best_notebook, encoding="utf-8")
    best = replace(best, notebook_path=str(file), notebook_url=file.as_uri())
    table = None
    if output_database:
        table = f"{output_database}.forecast_prediction_{best.mlflow_run_id[:8]}"
        _save_forecast(recorder.best_forecast, table, rows, target_col, time_col, identity)
    failures = "".join(f"; could not use {name}: {why}" for name, why in failed.items())
    recorder.progress.finish(
        f"AutoML: {len(ranked)} trials in {recorder.elapsed():.0f} s; best {recorder.metric} "
        f"{best.evaluation_metric_score:.4f} ({best_model.name}){failures}."
        + "".join(f" {alert}" for alert in alerts)
    )
    return AutoMLSummary(
        experiment=records.experiment,
        trials=[best, *ranked[1:]],
        best_trial=best,
        metric_distribution=metric_distribution(
            recorder.metric, [trial.evaluation_metric_score for trial in ranked]
        ),
        output_table_name=table,
    )


def _evaluate_models(models: Sequence[Forecaster], recorder: ForecastRecorder) -> dict[str, str]:
    """Measure and record each model until the timeout; return the errors of the models that failed."""
    failed: dict[str, str] = {}
    try:
        for number, model in enumerate(models):
            if recorder.trials and recorder.elapsed() >= recorder.seconds:
                break
            started = time.monotonic()
            try:
                metrics = cross_validate(model, recorder.series, recorder.horizon)
            except Exception as error:  # noqa: BLE001 - the other models go on; the summary names the error
                failed[model.name] = f"{type(error).__name__}: {error}"
                continue
            if not recorder.trials and recorder.elapsed() > recorder.seconds:
                raise AutoMLError(
                    f"timeout_minutes={recorder.seconds / 60:g} is too short for one trial: the first took "
                    f"{time.monotonic() - started:.1f} s. Give more time."
                )
            recorder.record(number, model, metrics, time.monotonic() - started)
    except KeyboardInterrupt:
        if not recorder.trials:
            raise
    if not recorder.trials:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise AutoMLError(f"no model could forecast these series. {reasons}")
    return failed


@dataclass
class ForecastRecorder:
    """Records the trials of a forecast as MLflow runs."""

    records: Records
    series: pd.DataFrame
    metric: str
    horizon: int
    params: dict[str, str]
    wrap: Callable[[pd.DataFrame], ForecastModel]
    target_col: str
    seconds: float
    trials: list[TrialInfo] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = time.monotonic()
        self.progress = Progress(self.seconds)
        self.best_model: Forecaster
        self.best_forecast: pd.DataFrame
        self.best_notebook = ""

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.began

    def record(
        self, number: int, model: Forecaster, metrics: dict[str, float], seconds: float
    ) -> None:
        """Record a trial; log its model if it is the best so far."""
        params = {
            "forecast": "true",
            "model": model.name,
            "horizon": str(self.horizon),
            **self.params,
        }
        notebook = forecast_notebook(
            self.records, model, self.target_col, params["frequency"], self.horizon, metrics
        )
        model_uri = None
        with record_run(self.records.experiment, model.name, {TRIAL_TAG: str(number)}) as started:
            run_id = started.info.run_id
            mlflow.log_params(params)
            mlflow.log_metrics({**metrics, "duration_seconds": seconds})
            mlflow.log_text(notebook, f"notebooks/{model.name}.ipynb")
            if all(metrics[self.metric] < trial.evaluation_metric_score for trial in self.trials):
                self.best_model, self.best_notebook = model, notebook
                self.best_forecast = model.predict(self.series, self.horizon)
                model_uri = f"runs:/{run_id}/model"
                with pickle_by_value(sys.modules[__name__]):
                    mlflow.pyfunc.log_model(
                        name="model",
                        python_model=self.wrap(self.best_forecast),
                        pip_requirements=pinned_requirements("pandas", "mlflow", "cloudpickle"),
                    )
        self.trials.append(
            TrialInfo(
                notebook_path=None,
                notebook_url=None,
                artifact_uri=artifact_uri(run_id, "notebooks"),
                mlflow_run_id=run_id,
                metrics=metrics,
                params=params,
                model_path=model_uri,
                model_description=model.code,
                duration=f"{seconds:.1f} s",
                preprocessors="a regular grid; missing times get the value before them",
                evaluation_metric_score=metrics[self.metric],
            )
        )
        best = min(trial.evaluation_metric_score for trial in self.trials)
        self.progress.show(self.elapsed(), len(self.trials), f"best {self.metric} {best:.4f}")


def _save_forecast(
    forecast: pd.DataFrame,
    table: str,
    rows: pd.DataFrame,
    target_col: str,
    time_col: str,
    identity: list[str],
) -> None:
    """Save a forecast as a table, with the identity columns of the dataset."""
    saved = forecast.rename(
        columns={
            TIME: time_col,
            "forecast": target_col,
            "lower": f"{target_col}_lower",
            "upper": f"{target_col}_upper",
        }
    )
    if identity:
        identities = rows[identity].drop_duplicates()
        identities = identities.assign(**{SERIES: identities.astype(str).agg("-".join, axis=1)})
        saved = identities.merge(saved, on=SERIES)
    saved = saved.drop(columns=SERIES)
    active_spark().createDataFrame(saved).write.mode("overwrite").saveAsTable(table)
