"""Generate the two notebooks of a forecast, in plain statsforecast or Prophet.

They correspond to those of :mod:`lakelab.automl.notebooks`.
Tested in ``tests/automl/test_forecasting.py``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell

from lakelab.automl.forecast_models import FOLDS, LEVEL, Forecaster
from lakelab.automl.notebooks import load_cell, serialize_notebook, tracking_uri
from lakelab.automl.tracking import Records


def forecast_notebook(
    records: Records,
    model: Forecaster,
    target_col: str,
    frequency: str,
    horizon: int,
    metrics: Mapping[str, float],
) -> str:
    """Return the notebook of one forecast trial.

    Parameters
    ----------
    records : Records
        The records with the data.
    model : Forecaster
    target_col : str
    frequency : str
        A frequency string of pandas.
    horizon : int
        The number of points to forecast.
    metrics : mapping of str to float
        The metrics of the trial.

    Returns
    -------
    str
        A notebook in nbformat 4.
    """
    return serialize_notebook(
        [
            new_markdown_cell(
                f"# {model.name} on `{target_col}`\nThis notebook makes one AutoML trial again. The trial "
                f"measured `val_smape` = {metrics['val_smape']:.6f}, as the mean of {FOLDS} folds."
            ),
            _setup_cell(records, frequency, horizon),
            new_markdown_cell(
                "## Load the series\nOn a regular grid: missing times got the value before them."
            ),
            load_cell(records),
            new_markdown_cell(
                "## Cross-validate\nEach fold trains on all that came before it, and is measured on the "
                "points that follow."
            ),
            new_code_cell(_forecast_code(model)),
            new_code_cell(_CROSS_VALIDATION),
            new_markdown_cell("## Forecast"),
            new_code_cell(
                "made = forecast(data, HORIZON)\n"
                "for name, one in made.groupby('unique_id'):\n"
                "    known = data[data['unique_id'] == name].tail(5 * HORIZON)\n"
                "    line = plt.plot(known['ds'], known['y'], label=name)[0]\n"
                "    plt.plot(one['ds'], one['forecast'], '--', color=line.get_color())\n"
                "    plt.fill_between(\n"
                "        one['ds'], one['lower'], one['upper'], alpha=0.2, color=line.get_color()\n"
                "    )\n"
                f"plt.ylabel({(target_col + f', forecast with its {LEVEL} % interval')!r})\n"
                "plt.xticks(rotation=30)\nplt.legend();"
            ),
        ]
    )


def series_notebook(
    records: Records,
    target_col: str,
    frequency: str,
    horizon: int,
    season: int,
    alerts: Sequence[str],
) -> str:
    """Return the notebook that explores the series.

    Parameters
    ----------
    records : Records
        The records with the data.
    target_col : str
    frequency : str
        A frequency string of pandas.
    horizon : int
        The number of points to forecast.
    season : int
        The number of points in a season.
    alerts : sequence of str
        Notes about the data for the user.

    Returns
    -------
    str
        A notebook in nbformat 4.
    """
    alert_list = "\n".join(f"- {alert}" for alert in alerts) or "- nothing out of the ordinary"
    return serialize_notebook(
        [
            new_markdown_cell(
                f"# Explore the series of `{target_col}`\nWhat AutoML saw before it trained.\n\n"
                f"**Alerts**\n{alert_list}"
            ),
            _setup_cell(records, frequency, horizon),
            new_markdown_cell("## Load the series"),
            load_cell(records),
            new_markdown_cell("## From when to when"),
            new_code_cell(
                "data.groupby('unique_id').agg(\n"
                "    first=('ds', 'min'), last=('ds', 'max'), points=('y', 'size'),\n"
                "    mean=('y', 'mean'), least=('y', 'min'), most=('y', 'max'),\n).round(2)"
            ),
            new_markdown_cell("## The series"),
            new_code_cell(
                "for name, one in data.groupby('unique_id'):\n"
                "    plt.plot(one['ds'], one['y'], linewidth=1, label=name)\n"
                f"plt.ylabel({target_col!r})\nplt.xticks(rotation=30)\nplt.legend();"
            ),
            new_markdown_cell(
                f"## The season\nThe mean of each of the {season} places in a season: a flat line says that "
                f"there is none."
            ),
            new_code_cell(
                f"place = data.groupby('unique_id').cumcount() % {season}\n"
                "for name, one in data.groupby([data['unique_id'], place])['y'].mean().groupby(level=0):\n"
                "    plt.plot(range(len(one)), one.to_numpy(), marker='o', label=name)\n"
                f"plt.xlabel('place in the season of {season}')\nplt.ylabel({target_col!r})\n"
                "plt.legend();"
            ),
        ]
    )


def _setup_cell(records: Records, frequency: str, horizon: int) -> Any:
    return new_code_cell(
        "import matplotlib.pyplot as plt\nimport mlflow\nimport numpy as np\n"
        "import pandas as pd\n\n"
        f"mlflow.set_tracking_uri({tracking_uri()!r})\n"
        f"EXPERIMENT_ID = {records.experiment.experiment_id!r}\n"
        f"FREQUENCY, HORIZON, FOLDS = {frequency!r}, {horizon}, {FOLDS}"
    )


def _forecast_code(model: Forecaster) -> str:
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
                    predicted = model.predict(ahead).rename(
                        columns={{"yhat": "forecast", "yhat_lower": "lower", "yhat_upper": "upper"}}
                    )
                    made.append(predicted.assign(unique_id=name))
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
from_end = data.groupby("unique_id").cumcount(ascending=False)
scores = []
for fold in range(FOLDS, 0, -1):
    history = data[from_end >= fold * HORIZON]
    truth = data[(from_end < fold * HORIZON) & (from_end >= (fold - 1) * HORIZON)]
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
