"""Prepare the state that a lesson needs from earlier lessons."""

from lakelab.lessons.prepare.needs import NEEDS, Place

__all__ = ["NEEDS", "Place"]
