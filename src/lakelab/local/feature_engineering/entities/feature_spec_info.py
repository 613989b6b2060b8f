"""The description of a feature spec.

Tested in ``tests/local/feature_engineering/test_feature_specs.py``.
"""

from __future__ import annotations

from lakelab.local.feature_engineering.entities.entity import Entity


class FeatureSpecInfo(Entity):
    """The description of a feature spec, as ``create_feature_spec`` returns it.

    Attributes
    ----------
    name : str
        The three-level name.
    creator : str
    creation_timestamp_ms : int
        Milliseconds since 1970, UTC.
    """

    def __init__(self, name: str, creator: str, creation_timestamp_ms: int):
        self.name = name
        self.creator = creator
        self.creation_timestamp_ms = creation_timestamp_ms
