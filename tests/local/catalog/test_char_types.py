"""The limits of VARCHAR columns in the log of a table."""

from __future__ import annotations

import json
from pathlib import Path

from lakelab.local.catalog.char_types import (
    CHAR_VARCHAR_TYPE,
    store_limits,
    varchar_limit,
    varchar_limits,
)


def _field(name: str, kind: str = "") -> dict[str, object]:
    metadata = {CHAR_VARCHAR_TYPE: kind} if kind else {}
    return {"name": name, "type": "string", "nullable": True, "metadata": metadata}


def test_limits() -> None:
    fields = [_field("a", "varchar(3)"), _field("b"), _field("c", "array<varchar(2)>")]
    assert [varchar_limit(field) for field in fields] == [3, None, None]
    assert varchar_limits(fields) == {"a": 3}


def test_limits_are_stored_in_the_first_commit(tmp_path: Path) -> None:
    log = tmp_path / "_delta_log"
    log.mkdir()
    schema = json.dumps({"type": "struct", "fields": [_field("A"), _field("b")]})
    commit = log / f"{0:020}.json"
    commit.write_text(
        f'{{"commitInfo": {{}}}}\n{json.dumps({"metaData": {"schemaString": schema}})}\n'
    )
    store_limits(tmp_path, {"a": 5})
    info, metadata = map(json.loads, commit.read_text().splitlines())
    assert info == {"commitInfo": {}}
    assert varchar_limits(json.loads(metadata["metaData"]["schemaString"])["fields"]) == {"A": 5}
