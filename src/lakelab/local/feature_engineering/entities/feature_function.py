"""An on-demand feature: a Python function of Unity Catalog computes it."""

from __future__ import annotations

from lakelab.local.feature_engineering.entities.entity import Entity


class FeatureFunction(Entity):
    """A Python function of Unity Catalog whose result becomes a feature.

    Its inputs can be columns of the DataFrame, features, or results of other functions. The types of
    the inputs must be the types of the function's parameters.

    Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/on-demand-features

    Parameters
    ----------
    udf_name : str
        The function, in Python (``CREATE FUNCTION ... LANGUAGE PYTHON``). Unity Catalog stores the
        name in lower case.
    input_bindings : dict of str to str, optional
        Each parameter of the function -> the column that is bound to it.
    output_name : str, optional
        The name of the result column; by default the full name of the function.

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
