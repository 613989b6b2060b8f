"""Metadata of a Delta table: the ``metaData`` action of its log.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#change-metadata
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable

from lakelab.local.delta.commit import Action


@dataclass
class Metadata:
    """The metadata that the Delta log holds beside the files of a table.

    Attributes
    ----------
    fields : list of dict
        The columns as the log has them: name, type, nullable, metadata.
    description : str or None
        The table's comment.
    configuration : dict of str to str
        The table properties.
    partition_columns : list of str
        The columns by which the files are in folders.
    id, name, created_time
        The values from the creation of the table.
    """

    fields: list[dict[str, Any]]
    description: str | None
    configuration: dict[str, str]
    partition_columns: list[str]
    id: str
    name: str | None
    created_time: int | None

    @classmethod
    def read(cls, delta: DeltaTable) -> Metadata:
        """Read the metadata of a table, as of the version that ``delta`` is at."""
        metadata = delta.metadata()
        return cls(
            fields=json.loads(delta.schema().to_json())["fields"],
            description=metadata.description,
            configuration=dict(metadata.configuration),
            partition_columns=list(metadata.partition_columns),
            id=str(metadata.id),
            name=metadata.name,
            created_time=metadata.created_time,
        )

    def field(self, name: str) -> dict[str, Any]:
        """Return the column of a name that is spelled as in the table."""
        return next(field for field in self.fields if field["name"] == name)

    def action(self) -> Action:
        """Return the ``metaData`` action for a commit."""
        return {
            "metaData": {
                "id": self.id,
                "name": self.name,
                "description": self.description,
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps({"type": "struct", "fields": self.fields}),
                "partitionColumns": self.partition_columns,
                "createdTime": self.created_time,
                "configuration": self.configuration,
            }
        }
