"""The schema that tests prepare."""

from __future__ import annotations

import pytest

from lakelab.environments import environment_catalogs
from lakelab.lessons.prepare import LessonSchema, PreparedTables
from lakelab.local.notebook.import_names import answer_official_names


@pytest.fixture
def target(spark, schema) -> LessonSchema:
    """A fresh schema, without a record of prepared tables."""
    answer_official_names()
    catalog, name = schema.split(".")
    return LessonSchema(spark, catalog, name, PreparedTables(), environment_catalogs(name))
