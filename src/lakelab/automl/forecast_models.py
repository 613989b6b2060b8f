"""The models that forecasts choose from, and how they are measured.

statsforecast's, and Prophet where it is installed.
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
from lakelab.automl.metrics import LOGGED_NAMES, PRIMARY
from lakelab.automl.time_series import SERIES, TIME, VALUE

FRAMEWORKS = ("arima", "prophet", "statsforecast")
"""What ``exclude_frameworks`` may name; ``statsforecast`` stands for its other models."""

LEVEL = 80
"""Percent of the values that are expected between the bounds of a forecast."""

FOLDS = 3


@dataclass(frozen=True)
class Forecaster:
    """A model of one or more series.

    Attributes
    ----------
    name : str
    framework : str
    code : str
        The expression that builds it, for the generated notebook.
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
    """Give the models that are installed and not excluded, the cheapest first.

    Parameters
    ----------
    frequency : str
        As pandas spells it.
    season : int
        Points in a season.
    country : str
        Whose holidays Prophet takes.
    exclude_frameworks : sequence of str, optional
        ``arima``, ``prophet``, ``statsforecast``.

    Returns
    -------
    list of Forecaster

    Raises
    ------
    AutoMLError
        If one that is excluded does not exist, or none is left.

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
    found = []
    if importlib.util.find_spec("statsforecast") is not None:
        for name in ("SeasonalNaive", "AutoTheta", "AutoETS", "AutoARIMA"):
            framework = "arima" if name == "AutoARIMA" else "statsforecast"
            found.append(
                Forecaster(
                    name,
                    framework,
                    f"{name}(season_length={season})",
                    _StatsForecast(name, frequency, season),
                )
            )
    if importlib.util.find_spec("prophet") is not None:
        found.append(Forecaster("Prophet", "prophet", "Prophet()", _Prophet(frequency, country)))
    left = [model for model in found if model.framework not in excluded]
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


class _StatsForecast:
    """Fit and predict with one of statsforecast's models."""

    def __init__(self, name: str, frequency: str, season: int):
        self.name, self.frequency, self.season = name, frequency, season

    def __call__(self, history: pd.DataFrame, horizon: int) -> pd.DataFrame:
        from statsforecast import StatsForecast, models

        model = getattr(models, self.name)(season_length=self.season)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = StatsForecast(models=[model], freq=self.frequency, n_jobs=1).forecast(
                df=history, h=horizon, level=[LEVEL]
            )
        return made.rename(
            columns={
                self.name: "forecast",
                f"{self.name}-lo-{LEVEL}": "lower",
                f"{self.name}-hi-{LEVEL}": "upper",
            }
        )


class _Prophet:
    """Fit and predict with Prophet, a series at a time."""

    def __init__(self, frequency: str, country: str):
        self.frequency, self.country = frequency, country

    def __call__(self, history: pd.DataFrame, horizon: int) -> pd.DataFrame:
        logging.getLogger("prophet.plot").setLevel(
            logging.CRITICAL
        )  # it misses plotly, which we do not use
        from prophet import Prophet

        logging.getLogger("cmdstanpy").disabled = True  # it sets its own level at first use
        made = []
        for name, one in history.groupby(SERIES):
            model = Prophet(interval_width=LEVEL / 100)
            model.add_country_holidays(country_name=self.country)
            model.fit(one[[TIME, VALUE]])
            ahead = model.make_future_dataframe(horizon, freq=self.frequency, include_history=False)
            told = model.predict(ahead)
            made.append(
                pd.DataFrame(
                    {
                        SERIES: name,
                        TIME: told["ds"],
                        "forecast": told["yhat"],
                        "lower": told["yhat_lower"],
                        "upper": told["yhat_upper"],
                    }
                )
            )
        return pd.concat(made, ignore_index=True)


def cross_validate(model: Forecaster, series: pd.DataFrame, horizon: int) -> dict[str, float]:
    """Measure a model on the ends of the series, each time trained on all that came before.

    Parameters
    ----------
    model : Forecaster
    series : pandas.DataFrame
        ``unique_id``, ``ds``, ``y``.
    horizon : int
        Points ahead.

    Returns
    -------
    dict of str to float
        Such as ``val_smape``: the mean over folds and series.

    Raises
    ------
    ValueError
        If the model gives no number.
    """
    scores: list[dict[str, float]] = []
    for fold in range(FOLDS, 0, -1):
        from_end = series.groupby(SERIES).cumcount(ascending=False)
        history = series[from_end >= fold * horizon]
        truth = series[(from_end < fold * horizon) & (from_end >= (fold - 1) * horizon)]
        both = truth.merge(model.predict(history, horizon), on=[SERIES, TIME], how="left")
        if both["forecast"].isna().any():
            raise ValueError("it gives no forecast for some times")
        scores += [_measure(one) for _, one in both.groupby(SERIES)]
    mean = pd.DataFrame(scores).mean()
    return {f"val_{LOGGED_NAMES[name]}": float(mean[name]) for name in PRIMARY["forecast"]}


def _measure(both: pd.DataFrame) -> dict[str, float]:
    """Compare truth and forecast of one series in one fold.

    Examples
    --------
    >>> _measure(pd.DataFrame({"y": [0.0, 100.0], "forecast": [0.0, 50.0]}))["smape"]
    0.333...
    """
    truth, made = both[VALUE].to_numpy(), both["forecast"].to_numpy()
    error, size = np.abs(made - truth), np.abs(made) + np.abs(truth)
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
