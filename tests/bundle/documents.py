"""Read the files of the bundle, and what the tasks of its jobs refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


@dataclass
class Bundle:
    """`databricks.yml`, and the resource files that it includes."""

    head: dict[str, Any]
    files: dict[Path, dict[str, Any]]

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """The jobs by their names in the bundle."""
        return {name: job for _, kind, name, job in self.resources() if kind == "jobs"}

    def resources(self) -> Iterator[tuple[Path, str, str, dict[str, Any]]]:
        """Yield file, kind, name and content of each resource."""
        for path, document in self.files.items():
            for kind, resources in document["resources"].items():
                for name, resource in resources.items():
                    yield path, kind, name, resource


def read_bundle() -> Bundle:
    """Read the files again at each call, so that a test may change the result."""
    head = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
    paths = [path for pattern in head["include"] for path in sorted(ROOT.glob(pattern))]
    return Bundle(head, {p: yaml.safe_load(p.read_text(encoding="utf-8")) for p in paths})


def texts(node: Any) -> Iterator[str]:
    """Yield all texts in a document, except the keys."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def keys(job: dict[str, Any]) -> list[str]:
    """Return the task keys of a job, in the order of the file."""
    return [task["task_key"] for task in job["tasks"]]


def depends_on(task: dict[str, Any]) -> list[str]:
    """Return the keys of the tasks that a task depends on."""
    return [dependency["task_key"] for dependency in task.get("depends_on", [])]


def source_file(task: dict[str, Any]) -> str:
    """Return the path of a task's notebook or Python file, as the job has it; empty for other tasks."""
    if "notebook_task" in task:
        return task["notebook_task"]["notebook_path"]
    return task.get("spark_python_task", {}).get("python_file", "")


def upstream(job: dict[str, Any]) -> dict[str, set[str]]:
    """Return for each task the tasks that have ended before it starts."""
    direct = {task["task_key"]: set(depends_on(task)) for task in job["tasks"]}
    ended: dict[str, set[str]] = {}
    for key in TopologicalSorter(direct).static_order():
        waits_for = direct.get(key, set())
        ended[key] = waits_for.union(*(ended[other] for other in waits_for))
    return ended
