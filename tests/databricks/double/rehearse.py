"""Run lessons in one process, and record their results: `rehearse.py <databricks|laptop> <out> <lesson>...`.

As on Databricks, `DATABRICKS_RUNTIME_VERSION` is set, `spark` and `dbutils` exist before the first cell,
`databricks.feature_engineering` is the official client, and the set-up notebook runs in the notebook's own
namespace. The calls go to Sail, the local workspace and the double of the feature store's service.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = ROOT / "notebooks"
LESSON_CODE = "<ipython-input"
"""The start of the file name that IPython gives to the code of cells."""
SHARE = 4
"""Lessons are rehearsed with one of so many flights, which is enough for all their assertions."""


def main(mode: str, out: Path, lessons: list[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    out.mkdir(parents=True)
    os.chdir(NOTEBOOKS)
    thin_out_flights()
    names = start_as_databricks(out) if mode == "databricks" else {}
    for lesson in lessons:
        file = next(NOTEBOOKS.glob(f"{lesson}_*.ipynb"))
        os.environ["LAKELAB_LESSON"] = file.stem
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance()
        shell.push(names)
        recorder = Recorder(out / lesson)
        for cell in nbformat.read(file, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            if cell.source.startswith("%run"):
                run_set_up(shell)
                recorder.watch()
            else:
                run(shell, cell.source, f"lesson {lesson}, cell {cell.id}")
        recorder.keep_tables(shell.user_ns)
        recorder.close()
    write_versions(out / "clients.json")


def write_versions(file: Path) -> None:
    """Write the versions of the clients to a file, and where the feature engineering client is."""
    from importlib.metadata import version

    import databricks.feature_engineering
    import mlflow
    from databricks.sdk.version import __version__ as sdk

    clients = {
        "feature_engineering": str(databricks.feature_engineering.__file__),
        "mlflow": mlflow.__version__,
        "databricks-sdk": sdk,
    }
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        clients["databricks-feature-engineering"] = version("databricks-feature-engineering")
    file.write_text(json.dumps(clients), "utf-8")


def start_as_databricks(out: Path) -> dict[str, Any]:
    """Start the double of a workspace; return the names that a notebook has on Databricks."""
    import runtime_modules

    runtime_modules.provide()

    from feature_specs import build_specs_in_the_client
    from feature_store_service import FeatureStoreService
    from model_registry import register_as_on_databricks
    from time_series import type_the_nulls

    from lakelab.local.catalog.store import UnityCatalog
    from lakelab.local.notebook.client_env import point_clients_at
    from lakelab.local.notebook.dbutils import LocalDbUtils
    from lakelab.local.notebook.display import display
    from lakelab.local.spark.session import start_spark
    from lakelab.local.system.home import tracking_uri
    from lakelab.local.workspace import start_workspace
    from lakelab.runtime import find_home

    home = find_home().prepare()
    unity = UnityCatalog(home.warehouse)
    # a start with this variable would save it as the learner's own
    version = os.environ.pop("DATABRICKS_RUNTIME_VERSION")
    workspace = start_workspace(home, unity, tracking_uri(home))
    workspace.add_endpoints(FeatureStoreService(unity).endpoints())
    point_clients_at(workspace, home)
    os.environ["DATABRICKS_RUNTIME_VERSION"] = version
    spark = start_spark(home)
    build_specs_in_the_client(out / "spec_requests.jsonl")
    register_as_on_databricks()
    type_the_nulls()
    return {"spark": spark, "dbutils": LocalDbUtils(), "display": display, "_workspace": workspace}


def thin_out_flights() -> None:
    """Replace the reader of the flights by one that returns only a share of them."""
    from lakelab import flights

    read = flights.read_raw

    def read_some(name: str) -> Any:
        rows = read(name)
        return rows.iloc[::SHARE].reset_index(drop=True) if name == "flights" else rows

    flights.read_raw = flights.source.read_raw = read_some


def run_set_up(shell: Any) -> None:
    """Run the notebook `_lab` as `%run` does on Databricks: its cells, in the caller's namespace."""
    for number, cell in enumerate(
        (NOTEBOOKS / "_lab.py").read_text("utf-8").split("# COMMAND ----------")
    ):
        run(shell, cell, f"_lab, cell {number}")


def run(shell: Any, source: str, where: str) -> None:
    done = shell.run_cell(source)
    error = done.error_before_exec or done.error_in_exec
    if error is not None:
        raise SystemExit(f"{where}: {type(error).__name__}: {error}")


class Recorder:
    """Record each DataFrame that a lesson fetches, in order, and the tables that it creates.

    The recorder keeps the results of the lesson's own `toPandas`, and computes nothing twice. It also records
    the calls of the feature engineering client, with the errors that they raise.
    """

    CALLS = ("create_table", "write_table", "create_training_set", "score_batch", "log_model")

    def __init__(self, folder: Path):
        folder.mkdir()
        self._folder = folder
        self._calls: list[dict[str, Any]] = []
        self._originals: list[tuple[Any, str, Any]] = []

    def watch(self) -> None:
        from databricks.feature_engineering import FeatureEngineeringClient
        from pyspark.sql.connect.dataframe import DataFrame

        for call in self.CALLS:
            self._wrap(FeatureEngineeringClient, call, self._recording_call)
        self._wrap(DataFrame, "toPandas", self._recording_rows)

    def _wrap(self, owner: Any, name: str, wrapper: Any) -> None:
        original = getattr(owner, name)
        self._originals.append((owner, name, original))
        setattr(owner, name, wrapper(name, original))

    def _recording_call(self, name: str, call: Any) -> Any:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            entry: dict[str, Any] = {"call": name}
            if "feature_lookups" in kwargs:
                lookups = kwargs["feature_lookups"]
                entry["tables"] = [getattr(one, "table_name", None) for one in lookups]
            self._calls.append(entry)
            try:
                return call(*args, **kwargs)
            except Exception as error:
                entry.update(error=type(error).__name__, message=str(error))
                raise

        return recorded

    def _recording_rows(self, name: str, call: Any) -> Any:
        def recorded(frame: Any) -> Any:
            rows = call(frame)
            caller = inspect.currentframe().f_back
            if caller.f_code.co_filename.startswith(LESSON_CODE):
                file = f"{len(self._calls):02}_rows.parquet"
                rows.to_parquet(self._folder / file)
                self._calls.append({"call": name, "rows": file})
            return rows

        return recorded

    def keep_tables(self, names: dict[str, Any]) -> None:
        from deltalake import DeltaTable

        unity = names["spark"].unity
        for table in unity.tables(names["CATALOG"], names["SCHEMA"]):
            if not table.table.startswith("raw_"):
                rows = DeltaTable(unity.path(table)).to_pandas()
                rows.to_parquet(self._folder / f"table_{table.table}.parquet")

    def close(self) -> None:
        for owner, name, original in self._originals:
            setattr(owner, name, original)
        (self._folder / "calls.json").write_text(json.dumps(self._calls, indent=1), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
