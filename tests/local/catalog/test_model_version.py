"""The record of a version survives its tag, and a version from elsewhere has a default record."""

from __future__ import annotations

import pytest
from mlflow.entities.model_registry import ModelVersion, ModelVersionTag

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_version import READY, RECORD_TAG, Record, Version


def entity(**tags: str) -> ModelVersion:
    pairs = [ModelVersionTag(key, value) for key, value in tags.items()]
    return ModelVersion("main.flights.delay", "3", 0, source="runs:/x/model", tags=pairs)


def test_a_record_survives_its_tag():
    record = Record("models:/x", "main/flights/delay/abc", READY, "ana@example.com", "m-1")
    version = Version.read(entity(**{RECORD_TAG: record.to_tag(), "team": "ops"}))
    assert version.record == record
    assert (version.number, version.tags, version.model_id) == (3, {"team": "ops"}, "m-1")


def test_a_version_from_elsewhere_is_ready_and_has_a_folder_and_a_model_id():
    version = Version.read(entity(team="ops"))
    assert version.record.status == READY
    assert version.record.files == "main/flights/delay/outside-3"
    assert version.model_id == "m-unknown"


@pytest.mark.parametrize("tag", ["no json", "[]", '{"source": "x"}'])
def test_a_damaged_record_is_refused(tag):
    with pytest.raises(ApiError, match="changed outside of the local workspace"):
        Version.read(entity(**{RECORD_TAG: tag}))
