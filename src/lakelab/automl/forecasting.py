"""Run a forecast from the dataset to the summary."""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from lakelab.automl.dataset import active_spark, read_dataset, require_columns
from lakelab.automl.errors import AutoMLError
from lakelab.automl.forecast_models import FOLDS, Forecaster, cross_validate, forecasters
from lakelab.automl.forecast_notebook import forecast_notebook
from lakelab.automl.metrics import LOGGED_NAMES, SMALLER_IS_BETTER, checked_primary_metric
from lakelab.automl.progress import Progress
from lakelab.automl.summary import AutoMLSummary, TrialInfo, metric_distribution
from lakelab.automl.time_series import SERIES, TIME, frequency_of, to_series
from lakelab.automl.tracking import (
    TRIAL_TAG,
    Records,
    artifact_uri,
    quiet_mlflow,
    requirements,
    run,
    start_records,
)

with warnings.catch_warnings():
    # MLflow would like type hints on `predict`, for a schema: this one takes a DataFrame
    warnings.simplefilter("ignore")

    class ForecastModel(PythonModel):
        """Forecasts as a logged model gives them: the series it knows, for times that follow.

        Parameters
        ----------
        made : pandas.DataFrame
            ``unique_id``, ``ds``, ``forecast``: what the model says for the horizon.
        time_col : str
        identity : list of str
            The columns that tell series apart.
        """

        def __init__(self, made: pd.DataFrame, time_col: str, identity: list[str]):
            self.made, self.time_col, self.identity = made, time_col, identity

        def predict(self, context, model_input, params=None):
            """Give the forecast for each row's series and time; NaN beyond the horizon."""
            names = (
                model_input[self.identity].astype(str).agg("-".join, axis=1)
                if self.identity
                else "series"
            )
            asked = pd.DataFrame(
                {"unique_id": names, "ds": pd.to_datetime(model_input[self.time_col])},
                index=model_input.index,
            )
            told = asked.merge(self.made, on=["unique_id", "ds"], how="left")
            return told["forecast"].to_numpy()


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
    """Forecast with each model, and rank them; see :func:`lakelab.automl.forecast`.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.
    """
    checked_primary_metric("forecast", primary_metric)
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise AutoMLError(f"horizon={horizon!r}: expected a whole number of at least 1.")
    grid = frequency_of(frequency)
    identity = [identity_col] if isinstance(identity_col, str) else list(identity_col or ())
    rows, left_out = read_dataset(dataset)
    require_columns(
        rows, {"target_col": target_col, "time_col": time_col, "identity_col": identity}
    )
    series, changed = to_series(rows, target_col, time_col, identity, grid)
    shortest = int(series.groupby(SERIES).size().min()) if len(series) else 0
    fewest = (FOLDS + 2) * horizon + 2
    if shortest < fewest:
        raise AutoMLError(
            f"a series has {shortest} points: expected at least {fewest} for horizon={horizon}, as "
            f"{FOLDS} folds are kept for validation. Give a longer history, or a shorter horizon."
        )
    # a season that history shows less than twice cannot be told from chance
    season = grid.season if shortest - FOLDS * horizon >= 2 * grid.season else 1
    spelled = series.groupby(SERIES)[TIME].apply(pd.infer_freq).dropna()
    spelling = str(spelled.iloc[0]) if len(spelled) else grid.pandas
    models = forecasters(spelling, season, country_code, exclude_frameworks)
    records = start_records(
        "forecast",
        target_col,
        series,
        experiment_name=experiment_name,
        experiment_dir=experiment_dir,
    )
    metric = f"val_{LOGGED_NAMES[primary_metric]}"
    began, progress = time.monotonic(), Progress(seconds)
    trials: list[tuple[TrialInfo, Forecaster, str]] = []
    failed: dict[str, str] = {}
    told = {
        "forecast": "true",
        "frequency": grid.pandas,
        "horizon": str(horizon),
        "season_length": str(season),
    }
    try:
        for number, model in enumerate(models):
            if trials and time.monotonic() - began >= seconds:
                break
            at = time.monotonic()
            try:
                metrics = cross_validate(model, series, horizon)
            except Exception as error:  # noqa: BLE001 - one model less; told at the end
                failed[model.name] = f"{type(error).__name__}: {error}"
                continue
            took = time.monotonic() - at
            if not trials and time.monotonic() - began > seconds:
                raise AutoMLError(
                    f"timeout_minutes={seconds / 60:g} is too short for one trial: the first took "
                    f"{took:.1f} s. Give more time."
                )
            is_best = all(metrics[metric] < trial.metrics[metric] for trial, _, _ in trials)
            made = model.predict(series, horizon) if is_best else None
            params = {"model": model.name, **told}
            trials.append(
                (
                    *_record(
                        records,
                        number,
                        model,
                        params,
                        metrics,
                        took,
                        made,
                        metric,
                        time_col,
                        identity,
                        target_col,
                        spelling,
                        horizon,
                    ),
                )
            )
            best = min(trial.evaluation_metric_score for trial, _, _ in trials)
            progress.show(time.monotonic() - began, len(trials), f"best {metric} {best:.4f}")
    except KeyboardInterrupt:
        if not trials:
            raise
    if not trials:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise AutoMLError(f"no model could forecast these series. {reasons}")
    assert primary_metric in SMALLER_IS_BETTER
    trials.sort(key=lambda each: each[0].evaluation_metric_score)
    best_trial, best_model, notebook = trials[0]
    file = records.folder / f"BestTrial-{best_model.name}-{best_trial.mlflow_run_id[:8]}.ipynb"
    file.write_text(notebook, encoding="utf-8")
    best_trial = TrialInfo(
        **{**vars(best_trial), "notebook_path": str(file), "notebook_url": file.as_uri()}
    )
    table = None
    if output_database:
        table = f"{output_database}.forecast_prediction_{best_trial.mlflow_run_id[:8]}"
        _save(best_model.predict(series, horizon), table, rows, target_col, time_col, identity)
    skipped = f"; could not use {', '.join(sorted(failed))}" if failed else ""
    notes = "".join(f" {note}" for note in [*([left_out] if left_out else []), *changed])
    progress.end(
        f"AutoML: {len(trials)} trials in {time.monotonic() - began:.0f} s; best {metric} "
        f"{best_trial.evaluation_metric_score:.4f} ({best_model.name}){skipped}.{notes}"
    )
    return AutoMLSummary(
        experiment=records.experiment,
        trials=[best_trial, *(trial for trial, _, _ in trials[1:])],
        best_trial=best_trial,
        metric_distribution=metric_distribution(
            metric, [trial.evaluation_metric_score for trial, _, _ in trials]
        ),
        output_table_name=table,
    )


def _record(
    records: Records,
    number: int,
    model: Forecaster,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    took: float,
    made: pd.DataFrame | None,
    metric: str,
    time_col: str,
    identity: list[str],
    target_col: str,
    frequency: str,
    horizon: int,
) -> tuple[TrialInfo, Forecaster, str]:
    notebook = forecast_notebook(records, model, target_col, frequency, horizon, metrics)
    model_uri = None
    with run(records.experiment, model.name, {TRIAL_TAG: str(number)}) as started:
        run_id = started.info.run_id
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        mlflow.log_metric("duration_seconds", took)
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary) / f"{model.name}.ipynb"
            file.write_text(notebook, encoding="utf-8")
            mlflow.log_artifact(str(file), "notebooks")
        if made is not None:
            model_uri = f"runs:/{run_id}/model"
            _log_model(ForecastModel(made, time_col, identity))
    return (
        TrialInfo(
            notebook_path=None,
            notebook_url=None,
            artifact_uri=artifact_uri(run_id, "notebooks"),
            mlflow_run_id=run_id,
            metrics=dict(metrics),
            params=dict(params),
            model_path=model_uri,
            model_description=model.code,
            duration=f"{took:.1f} s",
            preprocessors="a regular grid; missing times get the value before them",
            evaluation_metric_score=metrics[metric],
        ),
        model,
        notebook,
    )


def _log_model(model: ForecastModel) -> None:
    # it is loaded where lakelab is not
    ours = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(ours)
    try:
        with warnings.catch_warnings(), quiet_mlflow():
            warnings.simplefilter("ignore")
            mlflow.pyfunc.log_model(
                name="model",
                python_model=model,
                pip_requirements=requirements("pandas", "mlflow", "cloudpickle"),
            )
    finally:
        cloudpickle.unregister_pickle_by_value(ours)


def _save(
    made: pd.DataFrame,
    table: str,
    rows: pd.DataFrame,
    target_col: str,
    time_col: str,
    identity: list[str],
) -> None:
    """Save a forecast as a table, with the identity columns as the dataset has them."""
    saved = made.rename(
        columns={
            TIME: time_col,
            "forecast": target_col,
            "lower": f"{target_col}_lower",
            "upper": f"{target_col}_upper",
        }
    )
    if identity:
        known = rows[identity].drop_duplicates()
        known = known.assign(**{SERIES: known.astype(str).agg("-".join, axis=1)})
        saved = known.merge(saved, on=SERIES)
    saved = saved.drop(columns=SERIES)
    active_spark().createDataFrame(saved).write.mode("overwrite").saveAsTable(table)
