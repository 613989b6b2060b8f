"""What MLflow's clients answer: predictions of a model, and the error code of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from .conftest import FEATURES


def predictions(uri: str) -> list[float]:
    """Return what the model at a URI predicts for the rows of these tests."""
    return [round(float(value), 6) for value in mlflow.pyfunc.load_model(uri).predict(FEATURES)]


def assert_code(code: str, function: Callable[..., Any], *arguments: Any) -> MlflowException:
    """Check that a call is refused with an error code, and return the exception."""
    with pytest.raises(MlflowException) as caught:
        function(*arguments)
    assert caught.value.error_code == code, caught.value
    return caught.value
