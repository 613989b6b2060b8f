"""Modules that a Databricks runtime has and the packages of these tests lack.

The official feature engineering client imports all of them. The lessons need two: `delta.tables` (see
`delta_tables.py`) and `pyspark.SparkContext`, of which the client only checks that it exists. The others
belong to online stores that no lesson has.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ClassVar

ABSENT = ("azure", "boto3", "botocore")


class _Absent(ModuleType):
    """A module from which any name can be imported; an instance of it raises on use."""

    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(self: object, attribute: str) -> None:
            raise NotImplementedError(f"{type(self).__module__}.{name} is not part of the double.")

        base = Exception if name.endswith(("Error", "Exception")) else object
        body = {"__init__": lambda self, *args, **kwargs: None, "__module__": self.__name__}
        return type(name, (base,), {**body, "__getattr__": refuse})


class _AbsentFinder:
    """Find the modules in `ABSENT`; the first finder, so that the result is the same on every machine."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name.partition(".")[0] in ABSENT else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


def provide() -> None:
    """Make the official client importable in this process."""
    import delta_tables
    import pyspark

    if not hasattr(pyspark, "SparkContext"):
        pyspark.SparkContext = type("SparkContext", (), {})  # type: ignore[attr-defined]
    sys.meta_path.insert(0, _AbsentFinder())  # type: ignore[arg-type]
    delta = ModuleType("delta")
    delta.tables = delta_tables  # type: ignore[attr-defined]
    sys.modules.update({"delta": delta, "delta.tables": delta_tables})
