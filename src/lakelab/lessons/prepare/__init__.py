"""Prepare the state that a lesson needs from earlier lessons."""

from lakelab.lessons.prepare.lesson_schema import LessonSchema
from lakelab.lessons.prepare.needs import NEEDS
from lakelab.lessons.prepare.prepared_tables import PreparedTables

__all__ = ["NEEDS", "LessonSchema", "PreparedTables"]
