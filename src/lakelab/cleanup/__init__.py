"""Remove what the course created, and nothing else, after listing it.

This code runs in a workspace as on a laptop. The lessons create only the objects that are listed in
``lessons/created_objects.yaml``.
"""

from lakelab.cleanup.run import CleanupError, cleanup
from lakelab.cleanup.scope import CleanupScope

__all__ = ["CleanupError", "CleanupScope", "cleanup"]
