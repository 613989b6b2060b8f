"""FeatureFunction: its attributes."""

from __future__ import annotations

from lakelab.local.feature_engineering import FeatureFunction


def test_a_feature_function_has_the_given_attributes() -> None:
    function = FeatureFunction(udf_name="C.S.F", input_bindings={"x": "a"}, output_name="y")
    assert (function.udf_name, function.output_name) == ("c.s.f", "y")
    assert function.input_bindings == {"x": "a"}
