"""A platform without services, for tests that need a `Lab` and its session only."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lakelab.environments import environment_catalogs
from lakelab.lab import Platform
from lakelab.lessons.prepare import PreparedTables
from lakelab.serving import Endpoint
from lakelab.workspaces import Workspace


class FakePlatform(Platform):
    """A platform that has a session and a schema, and nothing else."""

    is_default_schema = False
    place = "test"
    storage = "test"
    has_serving_endpoints = False

    def __init__(self, spark: Any, catalog: str = "main", schema: str = "lakelab"):
        self.spark = spark
        self.catalog = catalog
        self.schema = schema
        self.environments = environment_catalogs(schema)

    def notebook_names(self) -> dict[str, Any]:
        return {"spark": self.spark}

    def workspace(self, name: str) -> Workspace:
        raise NotImplementedError

    def ui(self, page: str) -> str:
        raise NotImplementedError

    def serve(self, model_uri: str) -> Endpoint:
        raise NotImplementedError

    def prepared_tables(self) -> PreparedTables:
        return PreparedTables()

    def prepare_lock(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def before_preparing(self, need: str) -> None:
        pass
