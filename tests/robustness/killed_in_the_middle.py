"""Begin to write, and be killed with kill -9 before a write to the disk: each of them in turn.

Called with the home and the work, a function of this file. It is done once to the end, which tells its
steps; then again for each step to be killed at, in a process of its own. Prints these steps, as JSON.
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
from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace

WRITES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.symlink", "os.truncate"}
NOT_THE_WORK = (".lock", "/scratch/")


Last = tuple[str, int]
"""How the steps begin among which one is the last, and how many of these are before it.

Not its place among all: what else is done may differ by a step from one time to the next."""


class Steps:
    """Counts the writes below a folder, and ends the process before one of them."""

    def __init__(self, root: str, last: Last | None):
        self.root, self.last = root, last
        self.armed = False
        self.taken: list[str] = []
        sys.addaudithook(self._hear)

    def step(self, name: str) -> None:
        if not self.armed:
            return
        if self.last is not None and name.startswith(self.last[0]):
            before = sum(taken.startswith(self.last[0]) for taken in self.taken)
            if before == self.last[1]:
                os.kill(os.getpid(), signal.SIGKILL)
        self.taken.append(name)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed or event not in WRITES | {"open"}:
            return
        path = str(arguments[0])
        if not path.startswith(self.root) or any(part in path for part in NOT_THE_WORK):
            return
        if event == "open":
            mode, flags = arguments[1], arguments[2]
            written = (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
            if not written:
                return
        self.step(f"{event} {Path(path).name}")

    def watch(self, owner: Any, name: str) -> None:
        """Take calls that Python's audit events do not tell: before and after each is a step."""
        function: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            self.step(f"before {name}")
            answer = function(*arguments, **options)
            self.step(f"after {name}")
            return answer

        setattr(owner, name, watched)


# ---- the work --------------------------------------------------------------------------------------------
def create_table(root: str, number: int, steps: Steps) -> None:
    spark, client = start_spark(Home(Path(root))), FeatureEngineeringClient()
    steps.watch(create_table_module.DeltaTable, "create")
    steps.watch(create_table_module, "write_deltalake")
    rows = spark.createDataFrame([(1, "a"), (2, "b")], "k bigint, v string")
    steps.armed = True
    client.create_table(name=f"main.killed.made_{number}", primary_keys="k", df=rows)


def write_table(root: str, number: int, steps: Steps) -> None:
    spark, client = start_spark(Home(Path(root))), FeatureEngineeringClient()
    name = f"main.killed.written_{number}"
    old = spark.createDataFrame([(1, "old"), (2, "old")], "k bigint, v string")
    client.create_table(name=name, primary_keys="k", df=old)
    steps.watch(pyarrow.parquet, "write_table")
    new = spark.createDataFrame([(2, "new"), (3, "new")], "k bigint, v string")
    steps.armed = True
    client.write_table(name=name, df=new, mode="merge")


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
    # of its own: whoever made the default one says where its files are
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
"""What is imported once, and not in each of the processes."""


TURNS = ("os.rename", "commit")
"""The last of these turn something of a model: an upload ends, a version is READY."""


def last_steps(work: str, steps: list[str]) -> list[Last]:
    """Say before which steps to be killed: all of a few, and those of many where something turns."""
    if work == "log_model":
        ends = [(kind, sum(step.startswith(kind) for step in steps) - 1) for kind in TURNS]
        return [("open MLmodel", 0), *ends]
    kinds = [step.partition(" ")[0] for step in steps]
    return [(kind, kinds[:place].count(kind)) for place, kind in enumerate(kinds)]


def once(work: str, root: str, number: int, last: Last | None) -> int:
    """Do the work in a process of its own; give its status as `os.wait` does."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        steps = Steps(root, last)
        globals()[work](root, number, steps)
        steps.armed = False
        if last is None:
            (Path(root) / f"{work}.json").write_text(json.dumps(steps.taken), "utf-8")
    except BaseException:  # noqa: BLE001 - a fork must not go on with what its parent was doing
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def main(root: str, work: str) -> None:
    for module in SLOW.get(work, "").split():
        importlib.import_module(module)
    if requirements := sys.modules.get("mlflow.utils.requirements_utils"):
        requirements._init_packages_to_modules_map()  # reads what is installed: a second each time
    # the first model takes more steps: it also makes the database and the registered model
    for _ in range(2 if work == "log_model" else 1):
        if status := once(work, root, 0, None):
            sys.exit(f"The work alone failed: {status}")
    steps = json.loads((Path(root) / f"{work}.json").read_text("utf-8"))
    chosen = last_steps(work, steps)
    for number, last in enumerate(chosen, start=1):
        status = once(work, root, number, last)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"Not killed at step {last}: {status}")
    print(json.dumps([kind for kind, _ in chosen] if work == "log_model" else steps))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
