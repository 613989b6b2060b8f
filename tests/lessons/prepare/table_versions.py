"""The Delta versions of tables, which tell whether a table was written."""

from __future__ import annotations

from lakelab.lessons.prepare import LessonSchema


def versions(target: LessonSchema, *tables: str) -> dict[str, int]:
    """Return the current version of each table."""
    names = [target.spark.resolve(target.name(table)) for table in tables]
    return {name.table: target.spark.unity.table(name).version for name in names}
