"""Run lessons in one process, and write down what they made: `rehearse.py <databricks|laptop> <out> <lesson>...`.

As on Databricks: `DATABRICKS_RUNTIME_VERSION` is set, `spark` and `dbutils` are there before the first
cell, `databricks.feature_engineering` is the official client, and the set-up notebook runs in the
notebook's own namespace. Behind it: Sail, the local workspace, the double of the feature store's service.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = ROOT / "notebooks"
LESSON_CODE = "<ipython-input"
"""What the code of cells is named."""
SHARE = 4
"""Lessons are rehearsed with one flight in so many: enough for all that they claim."""


def main(mode: str, out: Path, lessons: list[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    out.mkdir(parents=True)
    os.chdir(NOTEBOOKS)
    thin_out_flights()
    given = start_as_databricks(out) if mode == "databricks" else {}
    for lesson in lessons:
        file = next(NOTEBOOKS.glob(f"{lesson}_*.ipynb"))
        os.environ["LAKELAB_LESSON"] = file.stem
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance()
        shell.push(given)
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
    say_what_ran(out / "clients.json")


def say_what_ran(file: Path) -> None:
    """Write down which packages answered."""
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
    """Start what stands for a workspace; give what a notebook finds there."""
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
    version = os.environ.pop("DATABRICKS_RUNTIME_VERSION")  # a variable of the learner's own, else
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
    """Writes down what a lesson saw and made: each DataFrame that it fetched, in order, and its tables.

    Nothing is computed twice for it: what `toPandas` gives the lesson is kept. Calls of the feature
    engineering client are noted, too, with the errors that they raised.
    """

    CALLS = ("create_table", "write_table", "create_training_set", "score_batch", "log_model")

    def __init__(self, folder: Path):
        folder.mkdir()
        self._folder = folder
        self._told: list[dict[str, Any]] = []
        self._before: list[tuple[Any, str, Any]] = []

    def watch(self) -> None:
        from databricks.feature_engineering import FeatureEngineeringClient
        from pyspark.sql.connect.dataframe import DataFrame

        for call in self.CALLS:
            self._wrap(FeatureEngineeringClient, call, self._noting)
        self._wrap(DataFrame, "toPandas", self._keeping)

    def _wrap(self, owner: Any, name: str, wrapper: Any) -> None:
        before = getattr(owner, name)
        self._before.append((owner, name, before))
        setattr(owner, name, wrapper(name, before))

    def _noting(self, name: str, call: Any) -> Any:
        def noted(*args: Any, **kwargs: Any) -> Any:
            note: dict[str, Any] = {"call": name}
            if "feature_lookups" in kwargs:
                note["tables"] = [getattr(f, "table_name", None) for f in kwargs["feature_lookups"]]
            self._told.append(note)
            try:
                return call(*args, **kwargs)
            except Exception as error:
                note.update(error=type(error).__name__, message=str(error))
                raise

        return noted

    def _keeping(self, name: str, call: Any) -> Any:
        def kept(frame: Any) -> Any:
            rows = call(frame)
            if sys._getframe(1).f_code.co_filename.startswith(LESSON_CODE):
                file = f"{len(self._told):02}_rows.parquet"
                rows.to_parquet(self._folder / file)
                self._told.append({"call": name, "rows": file})
            return rows

        return kept

    def keep_tables(self, names: dict[str, Any]) -> None:
        from deltalake import DeltaTable

        unity = names["spark"].unity
        for table in unity.tables(names["CATALOG"], names["SCHEMA"]):
            if not table.table.startswith("raw_"):
                rows = DeltaTable(unity.path(table)).to_pandas()
                rows.to_parquet(self._folder / f"table_{table.table}.parquet")

    def close(self) -> None:
        for owner, name, before in self._before:
            setattr(owner, name, before)
        (self._folder / "calls.json").write_text(json.dumps(self._told, indent=1), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
