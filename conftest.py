"""The notebooks as tests: `pytest --nbmake notebooks` runs each alone in a fresh LAKELAB_HOME, twice."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

collect_ignore = [
    "tests/databricks/double",  # runs in separate processes, with other packages
    "notebooks/_lab.py",  # the set-up of a notebook, not a module
    "src/lakelab/lessons/lesson_16/pipeline.py",  # a job's file: it imports Databricks' own client
]

AUTOML_LESSONS = ("03_", "04_")
"""AutoML takes both cores for a minute: CI, whose time is measured, runs these lessons once."""


KERNEL_CONFIG = "c.IPKernelApp.log_level = 40\n"
"""Without it, kernels print warnings about their ports, which are open to this machine only."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    # nbmake ignores fixtures; a kernel inherits the environment of this process at its start
    if item.path.suffix == ".ipynb":
        # pytest has no public way to temporary folders outside of fixtures
        folders: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        os.environ["LAKELAB_HOME"] = str(folders.mktemp(item.path.stem))
        os.environ["LAKELAB_LESSON"] = Path(item.path).stem
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        settings = folders.mktemp("ipython")
        (settings / "profile_default").mkdir()
        (settings / "profile_default" / "ipython_kernel_config.py").write_text(
            KERNEL_CONFIG, "utf-8"
        )
        os.environ["IPYTHONDIR"] = str(settings)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Run a notebook a second time, in the home of its first run."""
    yield
    once = os.environ.get("CI") and item.path.name.startswith(AUTOML_LESSONS)
    if item.path.suffix == ".ipynb" and not once:
        item.runtest()
