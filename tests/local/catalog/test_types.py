"""Delta types have the names of Spark SQL."""

from __future__ import annotations

import json

from lakelab.local.catalog.types import sql_type


def test_nested_types_are_written_as_in_sql():
    nested = json.loads(
        """{"type": "struct", "fields": [
            {"name": "a", "type": {"type": "map", "keyType": "string", "valueType": "long"}},
            {"name": "b", "type": "short"}]}"""
    )
    assert sql_type(nested) == "struct<a:map<string,bigint>,b:smallint>"
