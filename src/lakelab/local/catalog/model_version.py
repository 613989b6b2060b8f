"""A version of a registered model, and the record that Unity Catalog keeps beside it.

The open-source registry has no room for the status, the files and the source as the client gave it. So this
record is JSON in one tag of the version, ``unity_catalog``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.logged_models import NO_LOGGED_MODEL, logged_model_id

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

RECORD_TAG = "unity_catalog"
PENDING = "PENDING_REGISTRATION"
READY = "READY"


@dataclass(frozen=True)
class Record:
    """The facts about a version that Unity Catalog has and the open-source registry lacks.

    Parameters
    ----------
    source : str
        The source of the model, as the client gave it.
    files : str
        The version's folder, below the folder of all models.
    status : str
        ``PENDING_REGISTRATION`` until all files are uploaded, then ``READY``.
    user : str
        The user who registered the version.
    model_id : str or None
        The logged model that the version was created from, if known.
    """

    source: str
    files: str
    status: str
    user: str
    model_id: str | None = None

    def to_tag(self) -> str:
        """Serialize the record for the tag."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class Version:
    """A model version: the registry's entity and its record."""

    entity: ModelVersion
    record: Record

    @classmethod
    def read(cls, entity: ModelVersion) -> Version:
        """Read the record of an entity of the open-source registry.

        A version that was registered there, and not through the local workspace, has no record.

        Raises
        ------
        ApiError
            ``INVALID_STATE`` if the record is damaged.
        """
        tag = entity.tags.get(RECORD_TAG)
        if tag is None:
            files = "/".join([*entity.name.split("."), f"outside-{entity.version}"])
            return cls(entity, Record(entity.source or "", files, READY, ""))
        try:
            return cls(entity, Record(**json.loads(tag)))
        except (TypeError, ValueError) as error:
            raise ApiError(
                conditions.INVALID_STATE,
                f"The tag '{RECORD_TAG}' of version {entity.version} of model '{entity.name}' was "
                "changed outside of the local workspace. Register the model again.",
            ) from error

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def number(self) -> int:
        return int(self.entity.version)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that users set, without the record."""
        return {key: value for key, value in self.entity.tags.items() if key != RECORD_TAG}

    @property
    def model_id(self) -> str:
        """The id of the logged model that the version was created from.

        The id is never empty: MLflow's ``copy_model_version`` looks up the logged model, and fails if the
        id is empty.
        """
        return self.record.model_id or logged_model_id(self.record.source) or NO_LOGGED_MODEL
