"""A feature computed when it is asked for, by a Python function of Unity Catalog."""

from __future__ import annotations

from lakelab.local.feature_engineering.entities.entity import Entity


class FeatureFunction(Entity):
    """A Python function of Unity Catalog, whose result becomes a feature.

    The columns that it gets may be columns of the DataFrame, features, or what other functions give;
    their types must be those of the function's parameters.

    Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/on-demand-features

    Parameters
    ----------
    udf_name : str
        The function, in Python (``CREATE FUNCTION ... LANGUAGE PYTHON``); Unity Catalog keeps its name
        in lower case.
    input_bindings : dict of str to str, optional
        The function's parameter -> the column that it gets, for each parameter.
    output_name : str, optional
        The column that the result becomes; the function's full name without it.

    Examples
    --------
    >>> function = FeatureFunction(udf_name="main.flights.LATENESS", input_bindings={"minutes": "dep_delay"})
    >>> function.udf_name, function.output_name
    ('main.flights.lateness', None)
    """

    def __init__(
        self,
        *,
        udf_name: str,
        input_bindings: dict[str, str] | None = None,
        output_name: str | None = None,
    ):
        self._udf_name = udf_name.lower()
        self._input_bindings = input_bindings or {}
        self._output_name = output_name

    @property
    def udf_name(self) -> str:
        return self._udf_name

    @property
    def input_bindings(self) -> dict[str, str]:
        return self._input_bindings

    @property
    def output_name(self) -> str | None:
        return self._output_name
