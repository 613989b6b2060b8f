"""The order of all tests, and the notebooks as tests.

`pytest --nbmake notebooks` runs each notebook alone in a fresh LAKELAB_HOME, twice.
"""

from __future__ import annotations

import os
from collections.abc import Generator

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


KERNEL_ENVIRONMENT = ("DATABRICKS_", "LAKELAB_", "MLFLOW_", "_MLFLOW_", "SPARK_")
"""The variables that other tests of the same process set: a kernel must not inherit them."""

LONGEST_FIRST = (
    "tests/notebooks/test_running.py",
    "notebooks/03_",
    "notebooks/04_",
    "notebooks/",
    "tests/robustness/",
    "tests/databricks/",
    "tests/automl/",
    "tests/engine/",
)
"""The files with the longest tests: at the end, one core would wait for the other."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the longest tests first; the order of the others stays."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(config.rootpath).as_posix()
        places = (n for n, start in enumerate(LONGEST_FIRST) if path.startswith(start))
        return next(places, len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Run a notebook twice in one new home, in the environment of a new terminal."""
    if item.path.suffix != ".ipynb":
        yield
        return
    # pytest has no public way to temporary folders outside of fixtures, and nbmake ignores fixtures
    folders: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    settings = folders.mktemp("ipython")
    (settings / "profile_default").mkdir()
    (settings / "profile_default" / "ipython_kernel_config.py").write_text(KERNEL_CONFIG, "utf-8")
    before = dict(os.environ)
    once = "CI" in before and item.path.name.startswith(AUTOML_LESSONS)
    for name in [name for name in before if name.startswith(KERNEL_ENVIRONMENT)]:
        del os.environ[name]
    # a kernel inherits the environment of this process at its start
    os.environ |= {
        "LAKELAB_HOME": str(folders.mktemp(item.path.stem)),
        "LAKELAB_LESSON": item.path.stem,
        "IPYTHONDIR": str(settings),
    }
    try:
        yield
        if not once:
            item.runtest()
    finally:
        os.environ.clear()
        os.environ.update(before)
