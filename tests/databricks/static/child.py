"""Check the calls of programs in the packages of one runtime: reads a request in JSON, writes the findings in JSON."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar


class _Absent(ModuleType):
    """A package of a runtime that is not installed and that no lesson uses; any name can be imported from it."""

    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        body = {"__init__": lambda self, *args, **kwargs: None, "__module__": self.__name__}
        return type(name, (Exception,), body)


class _Finder:
    """Find the packages that the official feature engineering client imports and these tests do not install."""

    names: ClassVar = ("azure", "boto3", "botocore", "delta")

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self) if name.partition(".")[0] in self.names else None  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


def _documented_automl() -> ModuleType:
    """Load the documented interface under the official name."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = Path(__file__).with_name("documented_automl.py")
    spec = spec_from_file_location("databricks.automl", path)
    module = module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["databricks.automl"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def main() -> None:
    """Read a request from stdin, and write the findings to the original stdout."""
    request = json.load(sys.stdin)
    answer, sys.stdout = sys.stdout, sys.stderr  # packages may print, too
    warnings.simplefilter("ignore")
    import pyspark

    if not hasattr(pyspark, "SparkContext"):
        pyspark.SparkContext = type("SparkContext", (), {})  # type: ignore[attr-defined]
    sys.meta_path.append(_Finder())  # type: ignore[arg-type]
    import databricks
    from type_inference.walk import walk_all

    # the SDK that pip installs if the runtime's own is too old for the first cell
    if sdk := request.get("sdk_folder"):
        databricks.__path__ = [sdk, *(p for p in databricks.__path__ if p != sdk)]
        import databricks.sdk

        databricks.__path__ = [*databricks.__path__[1:], sdk]
    automl = _documented_automl()
    databricks.automl = automl  # type: ignore[attr-defined]
    versions = {
        "databricks-sdk": importlib.import_module("databricks.sdk.version").__version__,
        "mlflow": importlib.import_module("mlflow").__version__,
        "databricks-feature-engineering": importlib.import_module(
            "databricks.feature_engineering.version"
        ).VERSION,
    }
    found = [asdict(finding) for finding in walk_all(request)]
    json.dump({"versions": versions, "found": found}, answer)


if __name__ == "__main__":
    main()
