"""The forecasting models, and their cross-validation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakelab.automl.forecast_models import Forecaster, cross_validate, forecasters
from lakelab.automl.time_series import parse_frequency, to_regular_series

WEEKLY = pd.DataFrame(
    {
        "day": pd.date_range("2013-01-01", periods=140, freq="D"),
        "flights": 900 + 2.0 * np.arange(140) + 40 * np.sin(np.arange(140) * 2 * np.pi / 7),
    }
)


def test_the_same_series_give_the_same_metrics():
    (model,) = [m for m in forecasters("D", 7, "US", ["arima", "prophet"]) if m.name == "AutoETS"]
    series, _ = to_regular_series(WEEKLY, "flights", "day", [], parse_frequency("D"))
    assert cross_validate(model, series, 7) == cross_validate(model, series, 7)


def test_a_model_without_a_forecast_for_some_times_is_refused():
    def predict(history, horizon):
        return pd.DataFrame({"unique_id": ["series"], "ds": [pd.Timestamp(0)], "forecast": [1.0]})

    series, _ = to_regular_series(WEEKLY, "flights", "day", [], parse_frequency("D"))
    with pytest.raises(ValueError, match="no forecast for some times"):
        cross_validate(Forecaster("Never", "statsforecast", "Never()", predict), series, 7)
