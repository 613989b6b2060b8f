"""The lessons: the manifest, and the data and objects of each lesson."""

from lakelab.lessons.manifest import Lesson, NoSuchLessonError, find_lesson, lessons

__all__ = ["Lesson", "NoSuchLessonError", "find_lesson", "lessons"]
