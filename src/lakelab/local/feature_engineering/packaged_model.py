"""The MLflow loader of models that ``FeatureEngineeringClient.log_model`` packaged.

The package is a folder with the model, saved by its own flavor, and the feature spec. The ``MLmodel``
file of each logged model contains the name of this module. So the module must keep its name, and its
import must not need a Spark session.

Tested in ``tests/local/feature_engineering/test_log_model.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.feature_spec import FeatureSpec
from lakelab.local.feature_engineering.validation import quoted

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "feature_store"
"""Name of the package in the model's ``data`` folder, as in the official client."""

RAW_MODEL = "raw_model"


class PackagedModel:
    """A model and its feature spec.

    Attributes
    ----------
    spec : FeatureSpec
    raw : mlflow.pyfunc.PyFuncModel
        The trained model, which predicts from the columns ``spec.model_inputs``.
    """

    def __init__(self, folder: Path):
        import mlflow.pyfunc

        self.spec = FeatureSpec.load(folder)
        self.raw = mlflow.pyfunc.load_model(str(folder / RAW_MODEL))

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Predict from rows that contain all features.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If a feature is missing. Only ``score_batch`` looks features up.
        """
        from mlflow.exceptions import MlflowException

        columns = self.spec.model_inputs
        if missing := [name for name in columns if name not in model_input]:
            raise MlflowException.invalid_parameter_value(
                f"This model needs the features {quoted(missing)}, which are not in the input, and "
                f"does not look them up by itself. Use FeatureEngineeringClient().score_batch("
                f"model_uri=..., df=...): it looks them up and predicts."
            )
        return self.predict_raw(model_input[columns], params)

    def predict_raw(self, inputs: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Predict from exactly the columns of the training."""
        return self.raw.predict(inputs, params=params) if params else self.raw.predict(inputs)


def _load_pyfunc(path: str) -> PackagedModel:
    """Load the package. MLflow calls the function by this name."""
    return PackagedModel(Path(path))
