"""The folder for local state: made where it is missing, and never half-usable."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lakelab.local.home import Home, HomeError


def test_prepare_makes_the_folders(tmp_path):
    home = Home(tmp_path / "a" / "b").prepare()
    for folder in (home.warehouse, home.artifacts, home.unity_models, home.runs):
        assert folder.is_dir()
    assert Home(home.root).prepare() == home


def test_a_file_in_its_place_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="file.*Set LAKELAB_HOME to a folder that you can write"):
        Home(tmp_path / "file").prepare()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    # the tests may run as root, who can write everywhere
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(HomeError, match="Permission denied.*LAKELAB_HOME"):
        Home(tmp_path).prepare()


def test_scratch_of_the_living_stays_and_of_the_dead_goes(tmp_path):
    home = Home(tmp_path).prepare()
    mine = home.scratch
    program = (
        "import os; from pathlib import Path; from lakelab.local.home import Home\n"
        f"print(Home(Path({str(tmp_path)!r})).scratch, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    theirs = killed.stdout.strip()
    assert len(list((tmp_path / "scratch").iterdir())) == 2, theirs

    Home(tmp_path).prepare()

    assert [str(p) for p in (tmp_path / "scratch").iterdir()] == [str(mine)]
