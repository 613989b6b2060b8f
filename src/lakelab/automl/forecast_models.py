"""The forecasting models, and their cross-validation.

The models are those of statsforecast, and Prophet where it is installed.
Follows https://docs.databricks.com/aws/en/machine-learning/automl/
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lakelab.automl.errors import AutoMLError
from lakelab.automl.metrics import LOGGED_NAMES, PRIMARY_METRICS
from lakelab.automl.time_series import SERIES, TIME, VALUE

FRAMEWORKS = ("arima", "prophet", "statsforecast")
"""The values of ``exclude_frameworks``; ``statsforecast`` means its models other than ARIMA."""

LEVEL = 80
"""The percentage of values that are expected between the bounds of a forecast."""

FOLDS = 3


@dataclass(frozen=True)
class Forecaster:
    """A forecasting model of one or more series.

    Attributes
    ----------
    name : str
    framework : str
    code : str
        The expression that builds the model, for the generated notebook.
    predict : callable
        (history, horizon) -> a frame with ``unique_id``, ``ds``, ``forecast``, ``lower``, ``upper``.
    """

    name: str
    framework: str
    code: str
    predict: Callable[[pd.DataFrame, int], pd.DataFrame]


def forecasters(
    frequency: str, season: int, country: str, exclude_frameworks: Sequence[str] | None = None
) -> list[Forecaster]:
    """Return the models that are installed and not excluded, the cheapest first.

    Parameters
    ----------
    frequency : str
        A frequency string of pandas.
    season : int
        Points in a season.
    country : str
        The country whose holidays Prophet uses.
    exclude_frameworks : sequence of str, optional
        ``arima``, ``prophet``, ``statsforecast``.

    Returns
    -------
    list of Forecaster

    Raises
    ------
    AutoMLError
        If an excluded framework does not exist, or no model is left.

    Examples
    --------
    >>> [model.name for model in forecasters("D", 7, "US", ["arima", "prophet"])]
    ['SeasonalNaive', 'AutoTheta', 'AutoETS']
    """
    excluded = set(exclude_frameworks or ())
    if unknown := excluded - set(FRAMEWORKS):
        raise AutoMLError(
            f"exclude_frameworks has {', '.join(map(repr, sorted(unknown)))}: forecast has the "
            f"frameworks {', '.join(FRAMEWORKS)}."
        )
    installed = []
    if importlib.util.find_spec("statsforecast") is not None:
        for name in ("SeasonalNaive", "AutoTheta", "AutoETS", "AutoARIMA"):
            framework = "arima" if name == "AutoARIMA" else "statsforecast"
            installed.append(
                Forecaster(
                    name,
                    framework,
                    f"{name}(season_length={season})",
                    StatsForecastModel(name, frequency, season),
                )
            )
    if importlib.util.find_spec("prophet") is not None:
        installed.append(
            Forecaster("Prophet", "prophet", "Prophet()", ProphetModel(frequency, country))
        )
    left = [model for model in installed if model.framework not in excluded]
    if not left:
        raise AutoMLError(
            "no model is left to forecast with: install statsforecast or prophet"
            + (
                f", or take {', '.join(sorted(excluded))} out of exclude_frameworks."
                if excluded
                else "."
            )
        )
    return left


class StatsForecastModel:
    """Fit and predict with one of statsforecast's models."""

    def __init__(self, name: str, frequency: str, season: int):
        self.name, self.frequency, self.season = name, frequency, season

    def __call__(self, history: pd.DataFrame, horizon: int) -> pd.DataFrame:
        from statsforecast import StatsForecast, models

        model = getattr(models, self.name)(season_length=self.season)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forecast = StatsForecast(models=[model], freq=self.frequency, n_jobs=1).forecast(
                df=history, h=horizon, level=[LEVEL]
            )
        return forecast.rename(
            columns={
                self.name: "forecast",
                f"{self.name}-lo-{LEVEL}": "lower",
                f"{self.name}-hi-{LEVEL}": "upper",
            }
        )


class ProphetModel:
    """Fit and predict with Prophet, a series at a time."""

    def __init__(self, frequency: str, country: str):
        self.frequency, self.country = frequency, country

    def __call__(self, history: pd.DataFrame, horizon: int) -> pd.DataFrame:
        logging.getLogger("prophet.plot").setLevel(
            logging.CRITICAL
        )  # it warns that plotly is missing, which is not used here
        from prophet import Prophet

        logging.getLogger("cmdstanpy").disabled = True  # it sets its own level at first use
        forecasts = []
        for name, rows in history.groupby(SERIES):
            model = Prophet(interval_width=LEVEL / 100)
            model.add_country_holidays(country_name=self.country)
            model.fit(rows[[TIME, VALUE]])
            ahead = model.make_future_dataframe(horizon, freq=self.frequency, include_history=False)
            predicted = model.predict(ahead)
            forecasts.append(
                pd.DataFrame(
                    {
                        SERIES: name,
                        TIME: predicted["ds"],
                        "forecast": predicted["yhat"],
                        "lower": predicted["yhat_lower"],
                        "upper": predicted["yhat_upper"],
                    }
                )
            )
        return pd.concat(forecasts, ignore_index=True)


def cross_validate(model: Forecaster, series: pd.DataFrame, horizon: int) -> dict[str, float]:
    """Measure a model on the ends of the series, trained on all rows before each of them.

    Parameters
    ----------
    model : Forecaster
    series : pandas.DataFrame
        ``unique_id``, ``ds``, ``y``.
    horizon : int
        The number of points to forecast.

    Returns
    -------
    dict of str to float
        For example ``val_smape``: the mean over the folds and the series.

    Raises
    ------
    ValueError
        If a forecast is missing.
    """
    scores: list[dict[str, float]] = []
    for fold in range(FOLDS, 0, -1):
        from_end = series.groupby(SERIES).cumcount(ascending=False)
        history = series[from_end >= fold * horizon]
        truth = series[(from_end < fold * horizon) & (from_end >= (fold - 1) * horizon)]
        both = truth.merge(model.predict(history, horizon), on=[SERIES, TIME], how="left")
        if both["forecast"].isna().any():
            raise ValueError("it gives no forecast for some times")
        scores += [_measure(rows) for _, rows in both.groupby(SERIES)]
    mean = pd.DataFrame(scores).mean()
    return {f"val_{LOGGED_NAMES[name]}": float(mean[name]) for name in PRIMARY_METRICS["forecast"]}


def _measure(both: pd.DataFrame) -> dict[str, float]:
    """Compare truth and forecast of one series in one fold.

    Examples
    --------
    >>> _measure(pd.DataFrame({"y": [0.0, 100.0], "forecast": [0.0, 50.0]}))["smape"]
    0.333...
    """
    truth, forecast = both[VALUE].to_numpy(), both["forecast"].to_numpy()
    error, size = np.abs(forecast - truth), np.abs(forecast) + np.abs(truth)
    share = np.divide(2 * error, size, out=np.zeros_like(error), where=size > 0)
    of_truth = np.divide(
        error, np.abs(truth), out=np.where(error == 0, 0.0, np.inf), where=truth != 0
    )
    return {
        "smape": float(share.mean()),
        "mdape": float(np.median(of_truth)),
        "mse": float((error**2).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(error.mean()),
    }
