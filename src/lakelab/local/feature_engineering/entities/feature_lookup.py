"""The lookup of features in a feature table by key columns of a DataFrame."""

from __future__ import annotations

import datetime
import logging
from typing import Any

from lakelab.local.feature_engineering.entities.entity import Entity
from lakelab.local.feature_engineering.validation import as_list

_logger = logging.getLogger(__name__)


class FeatureLookup(Entity):
    """Features of one table that are joined to a DataFrame by its key columns.

    Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/train-models-with-feature-store

    Parameters
    ----------
    table_name : str
        The feature table.
    lookup_key : str or list of str
        Columns of the DataFrame with the primary key of the table, in the order of the key, without
        the time series column.
    feature_names : str or list of str, optional
        The features to look up; by default all features of the table.
    rename_outputs : dict of str to str, optional
        Feature name -> name of the output column.
    timestamp_lookup_key : str, optional
        Column of the DataFrame with the time of the lookup in a time series table. The lookup returns
        the newest row at or before this time.
    lookback_window : datetime.timedelta, optional
        The maximum age of that row; an older row gives null. Zero accepts rows of the same time only.
    default_values : dict of str to value, optional
        Output name -> value in place of null: int, float, bool or str.
    **kwargs
        The older ``feature_name`` and ``output_name``.

    Raises
    ------
    ValueError
        If arguments exclude each other or have the wrong type.
    TypeError
        If an argument is unknown.

    Examples
    --------
    >>> lookup = FeatureLookup("main.flights.planes", "tailnum", feature_names="seats")
    >>> lookup.feature_names
    ['seats']
    >>> FeatureLookup("planes", "tailnum", lookback_window=datetime.timedelta(hours=1))
    Traceback (most recent call last):
    ...
    ValueError: lookback_window=1:00:00 needs a timestamp_lookup_key: only a time series table, \
read as of a time, can be looked back on.
    """

    def __init__(
        self,
        table_name: str,
        lookup_key: str | list[str],
        *,
        feature_names: str | list[str] | None = None,
        rename_outputs: dict[str, str] | None = None,
        timestamp_lookup_key: str | None = None,
        lookback_window: datetime.timedelta | None = None,
        default_values: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        self._feature_name_deprecated: str | None = kwargs.pop("feature_name", None)
        self._output_name_deprecated: str | None = kwargs.pop("output_name", None)
        if kwargs:
            raise TypeError(f"FeatureLookup got unexpected keyword argument(s): {list(kwargs)}")
        self._table_name = table_name
        self._lookup_key = list(lookup_key) if isinstance(lookup_key, list) else lookup_key
        self._timestamp_lookup_key = _single_timestamp(timestamp_lookup_key)
        self._lookback_window = _window(lookback_window, self._timestamp_lookup_key)
        self._feature_names = _names(feature_names)
        self._rename_outputs = _renames(rename_outputs)
        self._apply_deprecated_names()
        self._default_values = self._checked_defaults(default_values)

    def _apply_deprecated_names(self) -> None:
        if self._feature_name_deprecated:
            if self._feature_names:
                raise ValueError("Give either feature_names or the older feature_name, not both.")
            _logger.warning("feature_name is deprecated: write feature_names.")
            self._feature_names = [self._feature_name_deprecated]
        if self._output_name_deprecated and len(self._feature_names) == 1:
            if self._rename_outputs:
                raise ValueError("Give either rename_outputs or the older output_name, not both.")
            _logger.warning("output_name is deprecated: write rename_outputs.")
            self._rename_outputs = {self._feature_names[0]: self._output_name_deprecated}

    def _checked_defaults(self, defaults: dict[str, Any] | None) -> dict[str, Any]:
        defaults = defaults or {}
        if not isinstance(defaults, dict):
            raise ValueError(f"default_values must be a dictionary, not {type(defaults).__name__}.")
        outputs = [self.output_of(name) for name in self._feature_names]
        for name in defaults:
            if name in self._rename_outputs:
                raise ValueError(
                    f"Feature '{name}' is renamed: give its default value under the new name, "
                    f"'{self._rename_outputs[name]}'."
                )
            if outputs and name not in outputs:
                raise ValueError(
                    f"default_values names '{name}', which this lookup does not give. "
                    f"It gives: {', '.join(outputs)}."
                )
        return dict(defaults)

    @property
    def table_name(self) -> str:
        return self._table_name

    @property
    def lookup_key(self) -> str | list[str]:
        return self._lookup_key

    @property
    def feature_name(self) -> str | None:
        """The deprecated parameter for one feature."""
        return self._feature_name_deprecated

    @property
    def feature_names(self) -> list[str]:
        """The features to look up; empty for all features."""
        return self._feature_names

    @property
    def output_name(self) -> str | None:
        """The deprecated parameter for the output name of one feature."""
        return self._output_name_deprecated or self._feature_name_deprecated

    @property
    def timestamp_lookup_key(self) -> str | None:
        return self._timestamp_lookup_key

    @property
    def lookback_window(self) -> datetime.timedelta | None:
        return self._lookback_window

    @property
    def default_values(self) -> dict[str, Any]:
        return self._default_values

    def output_of(self, feature_name: str) -> str:
        """Return the name of the output column of a feature."""
        return self._rename_outputs.get(feature_name, feature_name)


def _single_timestamp(key: str | list[str] | None) -> str | None:
    if not isinstance(key, list):
        return key
    if len(key) > 1:
        raise ValueError(f"timestamp_lookup_key takes one column, not {len(key)}: {key}.")
    return key[0] if key else None


def _window(window: Any, timestamp_lookup_key: str | None) -> datetime.timedelta | None:
    if window is None:
        return None
    if not timestamp_lookup_key:
        raise ValueError(
            f"lookback_window={window} needs a timestamp_lookup_key: only a time series table, "
            f"read as of a time, can be looked back on."
        )
    if not isinstance(window, datetime.timedelta) or window < datetime.timedelta(0):
        raise ValueError(
            f"lookback_window must be a datetime.timedelta that is not negative, not {window!r}."
        )
    return window


def _names(names: Any) -> list[str]:
    listed = list(as_list(names))
    for name in listed:
        if not isinstance(name, str):
            raise ValueError(f"feature_names must be strings; {name!r} is not one.")
    return listed


def _renames(renames: Any) -> dict[str, str]:
    if renames is None:
        return {}
    if not isinstance(renames, dict):
        raise ValueError(
            f"rename_outputs must be a dictionary (feature name -> new name), "
            f"not {type(renames).__name__}."
        )
    return dict(renames)
