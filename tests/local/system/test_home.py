"""The folder for local state is created if it is missing, and an unusable folder is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lakelab.local.system.home import Home, HomeError


def test_prepare_creates_the_folders(tmp_path):
    home = Home(tmp_path / "a" / "b").prepare()
    for folder in (home.warehouse, home.artifacts, home.workspace_state, home.runs):
        assert folder.is_dir()
    assert Home(home.root).prepare() == home


def test_a_file_instead_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="file.*Set LAKELAB_HOME to a folder that you can write"):
        Home(tmp_path / "file").prepare()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    # the tests may run as root, who can write everywhere
    def refuse(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    with pytest.raises(HomeError, match="Permission denied.*LAKELAB_HOME"):
        Home(tmp_path).prepare()


def test_scratch_of_running_processes_stays_and_of_ended_ones_is_deleted(tmp_path):
    home = Home(tmp_path).prepare()
    own = home.scratch
    program = (
        "import os; from pathlib import Path; from lakelab.local.system.home import Home\n"
        f"print(Home(Path({str(tmp_path)!r})).scratch, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    other = killed.stdout.strip()
    assert len(list((tmp_path / "scratch").iterdir())) == 2, other

    Home(tmp_path).prepare()

    assert [str(p) for p in (tmp_path / "scratch").iterdir()] == [str(own)]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder of our own for the links."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_plain_folder_is_used_as_it_is(tmp_path, temporary):
    assert Home.at(tmp_path / "lab-1.0").root == tmp_path / "lab-1.0"
    assert list(temporary.iterdir()) == []


def test_a_folder_that_the_engine_cannot_use_is_reached_through_a_link(tmp_path, temporary):
    folder = tmp_path / "José's files"
    home = Home.at(folder).prepare()
    assert home.root.parent == temporary
    assert home.root.name.startswith("lakelab-")
    assert home.real_path == folder
    assert (folder / "warehouse").is_dir()
    assert Home.at(folder).root == home.root, "the same link at each start"


def test_a_link_to_another_folder_is_not_followed(tmp_path, temporary):
    link = Home.at(tmp_path / "my files").root
    link.unlink()
    (tmp_path / "trap").mkdir()
    link.symlink_to(tmp_path / "trap")
    with pytest.raises(HomeError, match="does not lead to .*my files"):
        Home.at(tmp_path / "my files")


@pytest.mark.parametrize("name", ["a[1]", "per%20cent", "what?"])
def test_a_folder_that_delta_cannot_use_is_refused(tmp_path, name):
    with pytest.raises(HomeError, match="Set LAKELAB_HOME to another folder"):
        Home.at(tmp_path / name)


def test_tables_and_files_are_found_again_below_a_folder_with_spaces(tmp_path):
    program = (
        "import sys; from pathlib import Path; import pyarrow as pa\n"
        "from deltalake import DeltaTable; from lakelab.local.system.home import Home\n"
        "from lakelab.local.spark.session import start_spark\n"
        "spark = start_spark(Home.at(Path(sys.argv[1])).prepare())\n"
        "spark.sql('CREATE TABLE IF NOT EXISTS t (id BIGINT NOT NULL PRIMARY KEY)')\n"
        "spark.sql('INSERT INTO t VALUES (1)')\n"
        "table = spark.unity.table(spark.resolve('t'))\n"
        "print(table.delta.to_pyarrow_table().num_rows, spark.table('t').count())\n"
    )
    folder = tmp_path / "José's files"
    for rows in (1, 2):
        run = subprocess.run(
            [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
        )
        assert run.stdout == f"{rows} {rows}\n"
    assert list((folder / "warehouse" / "main" / "default" / "t").glob("*/_delta_log"))
