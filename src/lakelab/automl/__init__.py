"""AutoML with the interface of ``databricks.automl``, for compute without Databricks' own AutoML.

Only Databricks Runtime ML up to 17.3 LTS has Databricks' own. This package has the same calls and
results. Optuna searches over scikit-learn, LightGBM and XGBoost; statsforecast and Prophet make the
forecasts.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference

Tested in ``tests/automl/test_signatures.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakelab.automl.errors import AutoMLError
from lakelab.automl.notebook_import import import_notebook
from lakelab.automl.summary import AutoMLSummary, ImportNotebookResult, TrialInfo

__all__ = [
    "AutoMLError",
    "AutoMLSummary",
    "ImportNotebookResult",
    "TrialInfo",
    "classify",
    "forecast",
    "import_notebook",
    "regress",
]


def classify(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "f1",
    data_dir: str | None = None,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Sequence[Mapping[str, Any]] | None = None,
    imputers: Mapping[str, str | Mapping[str, Any]] | None = None,
    pos_label: int | bool | str | None = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Train classifiers of several kinds, and rank them.

    Parameters
    ----------
    dataset : pyspark.sql.DataFrame, pandas.DataFrame, pyspark.pandas.DataFrame or str
        A string is the name of a table.
    target_col : str
        Column with the classes.
    primary_metric : {"f1", "log_loss", "precision", "accuracy", "roc_auc"}
        The metric that ranks the trials, on the validation part.
    data_dir : str, optional
        Not supported: the data is kept with the experiment.
    experiment_dir, experiment_name : str, optional
        The folder and the name of the experiment.
    exclude_cols : sequence of str, optional
        Columns to leave out.
    exclude_frameworks : sequence of str, optional
        Any of ``sklearn``, ``lightgbm``, ``xgboost``.
    feature_store_lookups : sequence of mapping, optional
        The feature tables of the features: ``table_name``, ``lookup_key``, ``timestamp_lookup_key``.
    imputers : mapping, optional
        Column -> ``mean``, ``median``, ``most_frequent`` or
        ``{"strategy": "constant", "fill_value": value}``. Such a column keeps its stored type.
    pos_label : int, bool or str, optional
        The positive class of two; by default the second class in sorted order.
    time_col : str, optional
        Column that splits the rows by time: the newest rows are the test part.
    split_col : str, optional
        Column with the values ``train``, ``validate`` and ``test``.
    sample_weight_col : str, optional
        Column with weights from 0 to 10,000, for training.
    max_trials : int, optional
        Not supported, as in Databricks Runtime 11.0 ML and above.
    timeout_minutes : float, optional
        The time after which no trial starts; 120 by default.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> classify(pd.DataFrame({"late": [True, False, True]}), target_col="late")
    Traceback (most recent call last):
    lakelab.automl.errors.AutoMLError: the dataset has 3 rows, 3 of them with a 'late': expected ...
    """
    return _supervised("classify", locals())


def regress(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "r2",
    data_dir: str | None = None,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Sequence[Mapping[str, Any]] | None = None,
    imputers: Mapping[str, str | Mapping[str, Any]] | None = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Train regressors of several kinds, and rank them.

    Parameters
    ----------
    dataset, target_col, data_dir, experiment_dir, experiment_name, exclude_cols
        These and the other parameters are those of :func:`classify`.
    primary_metric : {"r2", "mae", "rmse", "mse"}

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> regress(pd.DataFrame({"delay": [1.0] * 30}), target_col="late")
    Traceback (most recent call last):
    lakelab.automl.errors.AutoMLError: target_col='late' is no column of the dataset. It has: delay.
    """
    return _supervised("regress", locals())


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
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Sequence[Mapping[str, Any]] | None = None,
    identity_col: str | Sequence[str] | None = None,
    sample_weight_col: str | None = None,
    output_database: str | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Forecast time series with models of several kinds, and rank them.

    Parameters
    ----------
    dataset : pyspark.sql.DataFrame, pandas.DataFrame, pyspark.pandas.DataFrame or str
        A string is the name of a table.
    target_col : str
        Column with the values.
    time_col : str
        Column with the times, which follow the frequency. A missing time gets the value before it.
    primary_metric : {"smape", "mse", "rmse", "mae", "mdape"}
        The metric that ranks the trials: its mean over the folds and the series.
    country_code : str
        The country whose holidays Prophet uses.
    frequency : str
        For example ``D``, ``W``, ``H``, ``month``.
    horizon : int
        The number of points to forecast.
    data_dir, feature_store_lookups, sample_weight_col : optional
        Not supported.
    experiment_dir, experiment_name : str, optional
        The folder and the name of the experiment.
    exclude_frameworks : sequence of str, optional
        Any of ``arima``, ``prophet``, ``statsforecast``.
    identity_col : str or sequence of str, optional
        The columns that identify a series.
    output_database : str, optional
        Schema for a table with the forecast and its 80 % interval.
    timeout_minutes : float, optional
        The time after which no trial starts; 120 by default.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame({"day": ["2013-01-01", "2013-01-02"], "flights": [842, 943]})
    >>> forecast(days, target_col="flights", time_col="day")
    Traceback (most recent call last):
    lakelab.automl.errors.AutoMLError: a series has 2 points: expected at least 7 for horizon=1, ...
    """
    arguments = dict(locals())
    _refuse_data_dir(arguments.pop("data_dir"))
    if arguments.pop("feature_store_lookups") is not None:
        raise AutoMLError(
            "feature_store_lookups is not supported here: the models of a forecast take the series alone. "
            "Leave it out, or use regress with the features that are known ahead."
        )
    if arguments.pop("sample_weight_col") is not None:
        raise AutoMLError(
            "sample_weight_col is not supported here: leave it out, and each series counts the same."
        )
    # imported late: it is slow, and reading a summary does not need it
    from lakelab.automl.forecasting import run_forecast
    from lakelab.automl.progress import timeout_seconds

    seconds = timeout_seconds(arguments.pop("timeout_minutes"))
    return run_forecast(arguments.pop("dataset"), seconds=seconds, **arguments)


def _refuse_data_dir(data_dir: str | None) -> None:
    if data_dir is not None:
        raise AutoMLError(
            "data_dir is not supported: leave it out. The rows that are used are kept as an artifact of "
            "the experiment, in its run 'Training Data Storage and Analysis'."
        )


def _supervised(problem: str, arguments: dict[str, Any]) -> AutoMLSummary:
    _refuse_data_dir(arguments.pop("data_dir"))
    if arguments.pop("max_trials") is not None:
        raise AutoMLError(
            "max_trials is not supported (Databricks took it out with Runtime 11.0 ML): use timeout_minutes."
        )
    # imported late: it is slow, and reading a summary does not need it
    from lakelab.automl.supervised import run_supervised

    return run_supervised(problem, arguments.pop("dataset"), **arguments)
