"""A full disk, a read-only home, damaged files: the error message names the file, and other tables still work."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.errors import AnalysisException, PySparkException

from lakelab import doctor
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.feature_engineering.create_table import create_table
from lakelab.local.feature_engineering.write_table import write_table
from lakelab.local.spark.engine import Engine
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home, HomeError
from lakelab.local.workspace import DEFAULT_USER, Governance

from .conftest import MLFLOW, MODEL, ServedWorkspace
from .processes import PATIENCE_SECONDS, environment


# ---- Delta logs ----------------------------------------------------------------------------------------
def commit(table: Path, version: int) -> Path:
    return table / "_delta_log" / f"{version:020}.json"


def bad_checkpoint(table: Path) -> None:
    DeltaTable(table).create_checkpoint()
    for file in (table / "_delta_log").glob("*.checkpoint.parquet"):
        file.write_bytes(b"this is no Parquet")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bad_json": lambda table: commit(table, 2).write_text('{"add": {"path"', "utf-8"),
    "foreign_bytes": lambda table: commit(table, 1).write_bytes(bytes(range(256))),
    "missing_commit": lambda table: commit(table, 1).unlink(),
    "missing_first": lambda table: commit(table, 0).unlink(),
    "empty_first": lambda table: commit(table, 0).write_bytes(b""),
    "bad_checkpoint": bad_checkpoint,
}


def table_with_three_commits(table: Path) -> Path:
    for key in range(3):
        write_deltalake(table, pa.table({"k": [key]}), mode="append")
    return table


def test_a_damaged_table_is_a_warning_and_can_be_dropped_and_other_tables_still_work(
    spark: LocalSparkSession, schema: str
) -> None:
    folder = spark.unity.warehouse.joinpath(*schema.split("."))
    table_with_three_commits(folder / "good")
    for name, damage in DAMAGES.items():
        damage(table_with_three_commits(folder / name))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert spark.table(f"{schema}.good").count() == 3
        assert spark.table(f"{schema}.good").count() == 3
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == len(DAMAGES)  # each once
    for name in DAMAGES:
        (message,) = [text for text in messages if f"{schema}.{name} " in text]
        assert str(folder / name / "_delta_log") in message
        assert f"DROP TABLE {schema}.{name}" in message

    listed = (
        f"SELECT table_name FROM main.information_schema.tables WHERE table_schema = '{schema[5:]}'"
    )
    assert [row[0] for row in spark.sql(listed).collect()] == ["good"]
    for name in DAMAGES:
        with pytest.raises(AnalysisException) as raised:
            spark.sql(f"DESCRIBE HISTORY {schema}.{name}")
        assert str(folder / name / "_delta_log") in str(raised.value)
        assert f"DROP TABLE {schema}.{name}" in str(raised.value)
        assert "<unknown>" not in str(raised.value)  # no trace of another language
        spark.sql(f"DROP TABLE {schema}.{name}")
        spark.sql(f"CREATE TABLE {schema}.{name} AS SELECT 7 AS k")
        assert spark.table(f"{schema}.{name}").collect()[0].k == 7


def test_foreign_files_are_ignored_and_are_an_error_at_the_path_of_a_new_table(
    spark: LocalSparkSession, schema: str
) -> None:
    warehouse = spark.unity.warehouse
    folder = warehouse.joinpath(*schema.split("."))
    foreign = [warehouse / "Photos.d", warehouse / "a`c", warehouse / "main" / "My Files.x"]
    for directory in [*foreign, folder / "photos", folder / "begun" / "_delta_log"]:
        directory.mkdir(parents=True)
    files = [warehouse / "file", warehouse / "main" / "file", folder / "file"]
    for file in [*files, folder / "photos" / "a.jpg"]:
        file.write_text("not ours", encoding="utf-8")
    try:
        again = UnityCatalog(warehouse)
        assert {directory.name for directory in foreign}.isdisjoint(again.catalogs())
        assert again.tables(*schema.split(".")) == []
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert spark.sql(f"SHOW TABLES IN {schema}").count() == 0
        rows = spark.createDataFrame([(1,)], "k bigint")
        for name in ("photos", "begun"):
            with pytest.raises(ValueError, match="Move it away, or delete it") as raised:
                new_table(spark, f"{schema}.{name}", rows)
            assert str(folder / name) in str(raised.value)
        assert (folder / "photos" / "a.jpg").read_text("utf-8") == "not ours"
        assert not list(folder.glob(".*"))
    finally:
        for directory in foreign:
            directory.rmdir()
        for file in files:
            file.unlink()


def new_table(spark: LocalSparkSession, name: str, rows: object) -> None:
    create_table(
        spark,
        name=name,
        primary_keys="k",
        df=rows,
        timeseries_column=None,
        partition_columns=None,
        schema=None,
        description=None,
        tags=None,
    )


# ---- mlflow.db -----------------------------------------------------------------------------------------
def database(home: Home) -> Path:
    """Create a database that is large enough to be truncated."""
    file = home.mlflow / "mlflow.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
    connection.close()
    return file


@pytest.mark.parametrize("damage", ["cut", "foreign bytes", "page overwritten"])
def test_a_damaged_database_is_an_error_with_its_path(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path).prepare()
    file = database(home)
    home.check_store()
    whole = file.read_bytes()
    damaged = {
        "cut": whole[:6000],
        "foreign bytes": bytes(range(256)) * 100,
        "page overwritten": whole[:4096] + b"\xff" * 4096 + whole[8192:],
    }
    file.write_bytes(damaged[damage])
    with pytest.raises(
        HomeError, match="is damaged.*move it away.*tables are not affected"
    ) as raised:
        home.check_store()
    assert str(file) in str(raised.value)
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path))
    finding = next(one for one in doctor.examine() if one.what == "MLflow")
    assert not finding.ok
    assert str(file) in finding.found


def test_a_new_database_and_one_in_use_are_not_damaged(tmp_path: Path) -> None:
    home = Home(tmp_path).prepare()
    home.check_store()
    (home.mlflow / "mlflow.db").touch()
    home.check_store()
    connection = sqlite3.connect(database(home), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    home.check_store()
    connection.close()


DAMAGED_START = """
import os
from pathlib import Path

from lakelab.runtime import LabError
from lakelab.start import LAPTOP, start
from lakelab.local.system.home import Home

home = Home(Path(os.environ["LAKELAB_HOME"]))
home.mlflow.mkdir(parents=True)
file = home.mlflow / "mlflow.db"
file.write_bytes(b"foreign bytes " * 1000)
try:
    start()
except LabError as error:
    assert str(file) in str(error), error
else:
    raise AssertionError("a damaged database was not noticed")
spark = LAPTOP.platform.spark
spark.sql("CREATE TABLE main.default.still AS SELECT 1 AS x")  # the rest works
assert spark.table("main.default.still").count() == 1
"""


def test_the_lab_names_a_damaged_database_and_tables_still_work(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", DAMAGED_START],
        env=environment(LAKELAB_HOME=str(tmp_path), LAKELAB_LESSON="12_log_manually"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (run.returncode, run.stderr, run.stdout) == (0, "", "")


# ---- the disk --------------------------------------------------------------------------------------------
def mount(*arguments: str) -> None:
    """Mount, or skip the test: only root may mount, and not in every container."""
    if not sys.platform.startswith("linux") or os.geteuid():
        pytest.skip("only root can mount")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def on_small_disk(spark: LocalSparkSession, small_disk: Path) -> LocalSparkSession:
    """A session on the engine of all tests, with its home on the small disk."""
    home = Home(small_disk).prepare()
    governance = Governance(home.workspace_state / "governance.json", DEFAULT_USER)
    unity = WorkspaceCatalogs(home.warehouse, home.workspace("a"), governance)
    unity.create_catalog("main")
    unity.create_schema("main", "small")
    unity.prepare()
    session = LocalSparkSession(
        Engine(spark.engine.address, spark.engine.catalogs),
        home,
        unity,
        DEFAULT_USER,
        default=False,
    )
    rows = session.createDataFrame([(key, "old") for key in range(100)], "k bigint, v string")
    new_table(session, "main.small.t", rows)
    return session


def fill(disk: Path) -> Path:
    file = disk / "fill"
    with pytest.raises(OSError, match="No space left"), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
    return file


def test_a_write_to_a_full_disk_fails_without_traces_and_succeeds_after_space_is_freed(
    on_small_disk: LocalSparkSession, small_disk: Path
) -> None:
    spark = on_small_disk
    name = "main.small.t"
    new = spark.createDataFrame(
        [(key, os.urandom(30).hex()) for key in range(200)], "k bigint, v string"
    )
    new.cache()
    merge = f"MERGE INTO {name} t USING (SELECT 1L k) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = 'new'"
    room = fill(small_disk)
    before = {str(path) for path in small_disk.rglob("*") if ".locks" not in str(path)}

    with pytest.raises(
        HomeError, match="No space left.*Free some space there, or set LAKELAB_HOME"
    ):
        Home(small_disk).prepare()
    with pytest.raises(
        PySparkException, match="The disk is full: nothing of this statement"
    ) as raised:
        spark.sql(merge)
    assert str(small_disk) in str(raised.value)
    with pytest.raises(OSError, match="No space left"):
        write_table(spark, name=name, df=new, mode="merge")
    with pytest.raises(OSError, match="No space left"):
        new_table(spark, "main.small.another", new)

    assert {row.v for row in spark.table(name).collect()} == {"old"}
    assert [str(table) for table in spark.unity.tables("main", "small")] == [name]
    left = {str(path) for path in small_disk.rglob("*") if ".locks" not in str(path)} - before
    assert left == set()

    room.unlink()
    spark.sql(merge)
    write_table(spark, name=name, df=new, mode="merge")
    new_table(spark, "main.small.another", new)
    assert spark.table(name).count() == spark.table("main.small.another").count() == 200
    Home(small_disk).prepare()


def test_a_home_that_becomes_read_only_can_still_be_read(
    on_small_disk: LocalSparkSession, small_disk: Path
) -> None:
    spark = on_small_disk
    mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(HomeError, match="Read-only file system.*Set LAKELAB_HOME") as raised:
        Home(small_disk).prepare()
    assert str(small_disk) in str(raised.value)
    assert spark.table("main.small.t").count() == 100
    assert spark.sql("DESCRIBE HISTORY main.small.t").count() == 2
    with pytest.raises((PySparkException, OSError), match="Read-only file system"):
        spark.sql("INSERT INTO main.small.t VALUES (1000, 'new')")
    with pytest.raises(OSError, match="Read-only file system"):
        spark.sql("UPDATE main.small.t SET v = 'new'")
    assert {row.v for row in spark.table("main.small.t").collect()} == {"old"}


@pytest.mark.parametrize("failing", ["pyarrow.parquet.write_table", "os.link"])
def test_a_failed_write_leaves_no_files(
    spark: LocalSparkSession, schema: str, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a small disk: only root can mount one."""
    name = f"{schema}.t"
    new_table(spark, name, spark.createDataFrame([(1, "old")], "k bigint, v string"))
    folder = spark.unity.path(spark.resolve(name))
    before = sorted(folder.rglob("*"))

    def fail(*arguments: object, **_: object) -> None:
        for path in arguments:
            if isinstance(path, Path) and failing != "os.link":
                path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(failing, fail)
        new = spark.createDataFrame([(1, "new")], "k bigint, v string")
        with pytest.raises(OSError, match="No space left"):
            write_table(spark, name=name, df=new, mode="merge")
    assert sorted(folder.rglob("*")) == before
    assert [row.v for row in spark.table(name).collect()] == ["old"]


def test_an_upload_to_a_full_disk_is_an_error_with_the_path_and_leaves_no_files(
    served: ServedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, models = served.call, served.home.workspace_state / "models"
    created = call("POST", f"{MLFLOW}/model-versions/create", {"name": MODEL, "source": "x"}).json
    version = created["model_version"]["version"]
    path = f"/Models/{MODEL.replace('.', '/')}/{version}/MLmodel"
    url = call("POST", "/api/2.0/fs/create-upload-url", {"path": path}).json["url"]

    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        answer = call("PUT", url.removeprefix(served.workspace.url), b"x", authorization=None)
    assert (answer.status, answer.code) == (400, "INVALID_STATE")
    assert str(models) in answer.json["message"]
    assert "No space left on device. Free some space" in answer.json["message"]
    assert not list((models / ".uploads").iterdir())
    final = call("POST", f"{MLFLOW}/model-versions/finalize", {"name": MODEL, "version": version})
    assert final.code == "INVALID_STATE"
