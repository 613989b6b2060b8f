"""Run a task that writes, and kill its process with SIGKILL before a write to the disk, for each write in turn.

The arguments are the home and the name of the task, a function of this file. The first run of the task ends
normally and records its steps. Then a new process runs the task for each of the chosen steps, and is killed
before this step. The program prints the steps as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup
from lakelab.local.feature_engineering import create_table as create_table_module
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.spark.session import LocalSparkSession, start_spark
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace

WRITES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.symlink", "os.truncate"}
IGNORED_PATHS = (".lock", "/scratch/")


LastStep = tuple[str, int]
"""The start of the name of the last step, and the number of earlier steps with this start.

The position among all steps would not do: the other steps may differ by one between two runs."""


class Steps:
    """Record the writes below a folder, and kill the process before one of them."""

    def __init__(self, root: str, last: LastStep | None):
        self.root, self.last = root, last
        self.armed = False
        self.taken: list[str] = []
        sys.addaudithook(self._on_audit_event)

    def step(self, name: str) -> None:
        if not self.armed:
            return
        if self.last is not None and name.startswith(self.last[0]):
            before = sum(taken.startswith(self.last[0]) for taken in self.taken)
            if before == self.last[1]:
                os.kill(os.getpid(), signal.SIGKILL)
        self.taken.append(name)

    def _on_audit_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed or event not in WRITES | {"open"}:
            return
        path = str(arguments[0])
        if not path.startswith(self.root) or any(part in path for part in IGNORED_PATHS):
            return
        if event == "open":
            mode, flags = arguments[1], arguments[2]
            written = (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
            if not written:
                return
        self.step(f"{event} {Path(path).name}")

    def watch(self, owner: Any, name: str) -> None:
        """Record a step before and after each call of a function without audit events of Python."""
        function: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            self.step(f"before {name}")
            answer = function(*arguments, **options)
            self.step(f"after {name}")
            return answer

        setattr(owner, name, watched)


# ---- the tasks -------------------------------------------------------------------------------------------
def create_table(root: str, number: int, steps: Steps) -> None:
    spark, client = start_spark(Home(Path(root))), FeatureEngineeringClient()
    steps.watch(create_table_module.DeltaTable, "create")
    steps.watch(create_table_module, "write_deltalake")
    rows = spark.createDataFrame([(1, "a"), (2, "b")], "k bigint, v string")
    steps.armed = True
    client.create_table(name=f"main.killed.made_{number}", primary_keys="k", df=rows)


def create_by_sql(root: str, number: int, steps: Steps) -> None:
    spark = start_spark(Home(Path(root)))
    steps.watch(LocalSparkSession, "refresh_schema")
    steps.armed = True
    spark.sql(f"CREATE TABLE main.killed.sql_{number} AS SELECT id AS k, 'a' AS v FROM range(2)")


def write_table(root: str, number: int, steps: Steps) -> None:
    spark, client = start_spark(Home(Path(root))), FeatureEngineeringClient()
    name = f"main.killed.written_{number}"
    old = spark.createDataFrame([(1, "old"), (2, "old")], "k bigint, v string")
    client.create_table(name=name, primary_keys="k", df=old)
    steps.watch(pyarrow.parquet, "write_table")
    new = spark.createDataFrame([(2, "new"), (3, "new")], "k bigint, v string")
    steps.armed = True
    client.write_table(name=name, df=new, mode="merge")


REWRITES = {
    "rows": "INSERT INTO {} REPLACE WHERE k = 3 SELECT 'b', 3 UNION ALL SELECT 'c', 3",
    "partitions": "INSERT OVERWRITE {} SELECT 'b', 9L",
    "columns": "CREATE OR REPLACE TABLE {} AS SELECT 'new' AS x",
    "clone": "CREATE OR REPLACE TABLE {} DEEP CLONE main.killed.features",
    "new_clone": "CREATE TABLE {} DEEP CLONE main.killed.features",
}
"""Statements that replace rows, partitions, columns or all of a table, or create one."""


def rewrite_table(way: str) -> Callable[[str, int, Steps], None]:
    def task(root: str, number: int, steps: Steps) -> None:
        spark = start_spark(Home(Path(root)))
        name = f"main.killed.{way}_{number}"
        if way != "new_clone":
            spark.sql(f"CREATE TABLE {name} (g STRING, k BIGINT) PARTITIONED BY (g)")
            spark.sql(f"INSERT INTO {name} VALUES ('a', 1), ('b', 2), ('b', 3)")
        spark.sql("SET spark.sql.sources.partitionOverwriteMode = dynamic")
        steps.armed = True
        spark.sql(REWRITES[way].format(name))

    return task


def log_model(root: str, number: int, steps: Steps) -> None:
    import mlflow
    import sqlalchemy
    from sklearn.linear_model import LinearRegression

    home = Home(Path(root))
    workspace = start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri)
    point_clients_at(workspace, home)
    spark, client = start_spark(home), FeatureEngineeringClient()
    training_set = client.create_training_set(
        df=spark.createDataFrame([(1, 2.0), (2, 4.0)], "k bigint, y double"),
        feature_lookups=[FeatureLookup("main.killed.features", "k")],
        label="y",
        exclude_columns=["k"],
    )
    data = training_set.load_df().toPandas()
    model = LinearRegression().fit(data[["x"]], data["y"])
    # its own experiment: another test may have created the default one, with another artifact location
    if mlflow.get_experiment_by_name("killed") is None:
        mlflow.create_experiment("killed", artifact_location=str(home.artifacts / "killed"))
    mlflow.set_experiment("killed")
    sqlalchemy.event.listen(sqlalchemy.Engine, "commit", lambda connection: steps.step("commit"))

    steps.armed = True
    with mlflow.start_run():
        client.log_model(
            model=model,
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name="main.killed.model",
        )


SLOW = {
    "log_model": (
        "alembic.command mlflow.pyfunc mlflow.sklearn mlflow.store.artifact.artifact_repository_registry "
        "mlflow.store.db_migrations mlflow.store.model_registry.sqlalchemy_store "
        "mlflow.store.tracking.sqlalchemy_store mlflow.tracking.fluent "
        "databricks.sdk sklearn.linear_model lakelab.local.feature_engineering.log_model"
    )
}
"""Modules that the parent process imports once for all its children."""


COMPLETING_STEPS = ("os.rename", "commit")
"""The last step of each kind completes a part of a model: an upload ends, a version is READY."""


def last_steps(task: str, steps: list[str]) -> list[LastStep]:
    """Return the steps to be killed at: all steps, but for a task with many steps only some of them."""
    if task == "log_model":
        ends = [
            (kind, sum(step.startswith(kind) for step in steps) - 1) for kind in COMPLETING_STEPS
        ]
        return [("open MLmodel", 0), *ends]
    kinds = [step.partition(" ")[0] for step in steps]
    if task in REWRITES:  # a folder that is made or a draft that is written changes no table
        kinds = [kind for kind in kinds if kind in ("os.link", "os.rename", "os.remove")]
    return [(kind, kinds[:position].count(kind)) for position, kind in enumerate(kinds)]


def run_in_child(task: str, root: str, number: int, last: LastStep | None) -> int:
    """Run a task in a forked process; return its status as `os.wait` does."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        steps = Steps(root, last)
        TASKS[task](root, number, steps)
        steps.armed = False
        if last is None:
            (Path(root) / f"{task}.json").write_text(json.dumps(steps.taken), "utf-8")
    except BaseException:  # noqa: BLE001 - a fork must not continue with the work of its parent
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


TASKS = {
    "create_table": create_table,
    "create_by_sql": create_by_sql,
    "write_table": write_table,
    "log_model": log_model,
    **{way: rewrite_table(way) for way in REWRITES},
}


def main(root: str, task: str) -> None:
    for module in SLOW.get(task, "").split():
        importlib.import_module(module)
    if requirements := sys.modules.get("mlflow.utils.requirements_utils"):
        # MLflow reads the installed packages: once here, and not for a second in each child
        requirements._init_packages_to_modules_map()  # noqa: SLF001 - MLflow has no public way
    # the first model takes more steps: it also creates the database and the registered model
    for _ in range(2 if task == "log_model" else 1):
        if status := run_in_child(task, root, 0, None):
            sys.exit(f"The task alone failed: {status}")
    steps = json.loads((Path(root) / f"{task}.json").read_text("utf-8"))
    chosen = last_steps(task, steps)
    for number, last in enumerate(chosen, start=1):
        status = run_in_child(task, root, number, last)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"Not killed at step {last}: {status}")
    all_steps = task != "log_model" and task not in REWRITES
    print(json.dumps(steps if all_steps else [kind for kind, _ in chosen]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
