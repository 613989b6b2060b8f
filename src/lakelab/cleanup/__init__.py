"""Remove what the course made, and nothing else."""

from lakelab.cleanup.find import CleanupError, Found, Place, Thing, cleanup, find, makes, remove

__all__ = ["CleanupError", "Found", "Place", "Thing", "cleanup", "find", "makes", "remove"]
