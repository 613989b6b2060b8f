"""How MLflow loads a model that ``FeatureEngineeringClient.log_model`` packaged.

The package is a folder with the model as its own flavor saved it, and the feature spec. MLflow names
this module in the ``MLmodel`` file, so it must stay where it is, and import without a Spark session.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.feature_spec import FeatureSpec
from lakelab.local.feature_engineering.validation import quoted

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "feature_store"
"""Name of the package inside the model's ``data`` folder, as officially."""

RAW_MODEL = "raw_model"


class PackagedModel:
    """The model, which wants its features, and the spec that says where they come from.

    Attributes
    ----------
    spec : FeatureSpec
    raw : mlflow.pyfunc.PyFuncModel
        The model as it was trained: it predicts from the columns ``spec.model_inputs``.
    """

    def __init__(self, folder: Path):
        import mlflow.pyfunc

        self.spec = FeatureSpec.load(folder)
        self.raw = mlflow.pyfunc.load_model(str(folder / RAW_MODEL))

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Predict from rows that bring all features along.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If a feature is missing: this model does not look it up, ``score_batch`` does.
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
        """Predict from exactly the columns that the model was trained on."""
        return self.raw.predict(inputs, params=params) if params else self.raw.predict(inputs)


def _load_pyfunc(path: str) -> PackagedModel:
    """Load the package; the name is MLflow's."""
    return PackagedModel(Path(path))
