"""The id of a logged model is found in each form of a source."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.logged_models import logged_model_id

ID = f"m-{'0123456789abcdef' * 2}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"models:/{ID}", ID),
        (f"/data/mlflow/artifacts/1/models/{ID}/artifacts", ID),
        (f"mlflow-artifacts:/1/models/{ID}", ID),
        ("models:/main.flights.delay/1", None),
        (f"runs:/{ID[2:]}/model", None),
        (f"models:/{ID}0", None),
    ],
)
def test_the_id_is_found(source, found):
    assert logged_model_id(source) == found
