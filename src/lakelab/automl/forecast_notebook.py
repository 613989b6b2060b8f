"""Write the notebook that makes a forecast trial again, in plain statsforecast."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import mlflow
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lakelab.automl.forecast_models import FOLDS, LEVEL, Forecaster
from lakelab.automl.tracking import Records


def forecast_notebook(
    records: Records,
    model: Forecaster,
    target_col: str,
    frequency: str,
    horizon: int,
    metrics: Mapping[str, float],
) -> str:
    """Write the notebook of one forecast trial.

    Parameters
    ----------
    records : Records
        Where its data is.
    model : Forecaster
    target_col : str
    frequency : str
        As pandas spells it.
    horizon : int
        Points ahead.
    metrics : mapping of str to float
        What the trial measured.

    Returns
    -------
    str
        A notebook in nbformat 4.
    """
    cells = [
        new_markdown_cell(
            f"# {model.name} on `{target_col}`\nThis notebook makes one AutoML trial again. The trial "
            f"measured `val_smape` = {metrics['val_smape']:.6f}, as the mean of {FOLDS} folds."
        ),
        new_code_cell(
            "import matplotlib.pyplot as plt\nimport mlflow\nimport numpy as np\nimport pandas as pd\n\n"
            f"mlflow.set_tracking_uri({mlflow.get_tracking_uri()!r})\n"
            f"EXPERIMENT_ID = {records.experiment.experiment_id!r}\n"
            f"FREQUENCY, HORIZON, FOLDS = {frequency!r}, {horizon}, {FOLDS}"
        ),
        new_markdown_cell(
            "## Load the series\nOn a regular grid: missing times got the value before them."
        ),
        new_code_cell(
            "series = pd.read_parquet(\n    mlflow.artifacts.download_artifacts(\n"
            f"        run_id={records.data_run_id!r}, artifact_path='data/training_data.parquet'\n"
            "    )\n)\n"
            "for name, one in series.groupby('unique_id'):\n"
            "    plt.plot(one['ds'], one['y'], label=name)\n"
            f"plt.ylabel({target_col!r})\nplt.legend();"
        ),
        new_markdown_cell(
            "## Cross-validate\nEach fold trains on all that came before it, and is measured on the "
            "points that follow."
        ),
        new_code_cell(_make(model)),
        new_code_cell(_CROSS_VALIDATION),
        new_markdown_cell("## Forecast"),
        new_code_cell(
            "made = forecast(series, HORIZON)\n"
            "for name, one in made.groupby('unique_id'):\n"
            "    known = series[series['unique_id'] == name].tail(5 * HORIZON)\n"
            "    line = plt.plot(known['ds'], known['y'], label=name)[0]\n"
            "    plt.plot(one['ds'], one['forecast'], '--', color=line.get_color())\n"
            "    plt.fill_between(one['ds'], one['lower'], one['upper'], alpha=0.2, color=line.get_color())\n"
            f"plt.ylabel({(target_col + f', forecast with its {LEVEL} % interval')!r})\nplt.legend();"
        ),
    ]
    notebook = new_notebook(cells=cells)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook))


def _make(model: Forecaster) -> str:
    if model.framework == "prophet":
        return textwrap.dedent(
            f"""\
            from prophet import Prophet


            def forecast(history, horizon):
                made = []
                for name, one in history.groupby("unique_id"):
                    model = Prophet(interval_width={LEVEL / 100})
                    model.add_country_holidays(country_name="{getattr(model.predict, "country", "US")}")
                    model.fit(one[["ds", "y"]])
                    ahead = model.make_future_dataframe(horizon, freq=FREQUENCY, include_history=False)
                    told = model.predict(ahead).rename(
                        columns={{"yhat": "forecast", "yhat_lower": "lower", "yhat_upper": "upper"}}
                    )
                    made.append(told.assign(unique_id=name))
                return pd.concat(made, ignore_index=True)
            """
        ).rstrip()
    return textwrap.dedent(
        f"""\
        from statsforecast import StatsForecast
        from statsforecast.models import {model.name}


        def forecast(history, horizon):
            models = [{model.code}]
            made = StatsForecast(models=models, freq=FREQUENCY).forecast(
                df=history, h=horizon, level=[{LEVEL}]
            )
            names = ["{model.name}", "{model.name}-lo-{LEVEL}", "{model.name}-hi-{LEVEL}"]
            return made.rename(columns=dict(zip(names, ["forecast", "lower", "upper"])))
        """
    ).rstrip()


_CROSS_VALIDATION = """\
from_end = series.groupby("unique_id").cumcount(ascending=False)
scores = []
for fold in range(FOLDS, 0, -1):
    history = series[from_end >= fold * HORIZON]
    truth = series[(from_end < fold * HORIZON) & (from_end >= (fold - 1) * HORIZON)]
    both = truth.merge(forecast(history, HORIZON), on=["unique_id", "ds"])
    for name, one in both.groupby("unique_id"):
        error = (one["forecast"] - one["y"]).abs()
        size = one["forecast"].abs() + one["y"].abs()
        scores.append(
            {
                "fold": fold,
                "series": name,
                "smape": (2 * error / size).where(size > 0, 0).mean(),
                "mean_absolute_error": error.mean(),
                "root_mean_squared_error": np.sqrt((error**2).mean()),
            }
        )
scores = pd.DataFrame(scores)
with mlflow.start_run(experiment_id=EXPERIMENT_ID, run_name="notebook"):
    mlflow.log_metrics(
        {f"val_{name}": scores[name].mean() for name in scores.columns.drop(["fold", "series"])}
    )
scores"""
