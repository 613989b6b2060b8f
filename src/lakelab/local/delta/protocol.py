"""Protocol of a Delta table: what a writer must know to write to it.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#protocol-evolution
"""

from __future__ import annotations

from typing import Any

from deltalake import DeltaTable

from lakelab.local.delta.commit import Action

_TABLE_FEATURES = 7
"""The writer version from which a table lists its features one by one."""

_IMPLIED_FEATURES = {
    "appendOnly": 2,
    "invariants": 2,
    "checkConstraints": 3,
    "changeDataFeed": 4,
    "generatedColumns": 4,
    "columnMapping": 5,
    "identityColumns": 6,
}
"""Feature -> the version of writers that has it without a list."""


def require_writer_feature(delta: DeltaTable, feature: str, version: int) -> list[Action]:
    """Return the ``protocol`` action by which writers must know a feature; none if they must already.

    Parameters
    ----------
    delta : DeltaTable
        The table, at the version to build on.
    feature : str
        The feature, such as ``checkConstraints``.
    version : int
        The writer version that has the feature, for a table that does not list its features.
    """
    protocol = delta.protocol()
    features = list(protocol.writer_features or ())
    if protocol.min_writer_version < _TABLE_FEATURES:
        if protocol.min_writer_version >= version:
            return []
        return [_action(protocol.min_reader_version, version)]
    if feature in features:
        return []
    lists: dict[str, Any] = {"writerFeatures": [*features, feature]}
    if protocol.reader_features is not None:
        lists["readerFeatures"] = list(protocol.reader_features)
    return [_action(protocol.min_reader_version, protocol.min_writer_version, lists)]


def protocol_action(delta: DeltaTable) -> Action:
    """Return the ``protocol`` action of a table, for the commit of another one."""
    protocol = delta.protocol()
    described = {
        "minReaderVersion": protocol.min_reader_version,
        "minWriterVersion": protocol.min_writer_version,
        "readerFeatures": protocol.reader_features,
        "writerFeatures": protocol.writer_features,
    }
    return {"protocol": {key: value for key, value in described.items() if value is not None}}


def _action(reader: int, writer: int, lists: dict[str, Any] | None = None) -> Action:
    return {"protocol": {"minReaderVersion": reader, "minWriterVersion": writer, **(lists or {})}}


def merged_protocol(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a protocol that has the features of two.

    Examples
    --------
    >>> merged_protocol(
    ...     {"minReaderVersion": 1, "minWriterVersion": 2},
    ...     {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["identityColumns"]},
    ... )
    {'minReaderVersion': 1, 'minWriterVersion': 7, 'writerFeatures': ['appendOnly', 'invariants', 'identityColumns']}
    """
    merged: dict[str, Any] = {
        key: max(old[key], new[key]) for key in ("minReaderVersion", "minWriterVersion")
    }
    if merged["minWriterVersion"] >= _TABLE_FEATURES:
        features = [*_writer_features(old), *_writer_features(new)]
        merged["writerFeatures"] = list(dict.fromkeys(features))
    if readers := [*(old.get("readerFeatures") or []), *(new.get("readerFeatures") or [])]:
        merged["readerFeatures"] = list(dict.fromkeys(readers))
    return merged


def _writer_features(protocol: dict[str, Any]) -> list[str]:
    """List the features of a protocol; old versions have them without a list."""
    version = protocol["minWriterVersion"]
    if version >= _TABLE_FEATURES:
        return list(protocol.get("writerFeatures") or [])
    return [name for name, since in _IMPLIED_FEATURES.items() if since <= version]
