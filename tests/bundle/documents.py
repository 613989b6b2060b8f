"""The bundle's files, and what must hold in them: each check names what is wrong, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from databricks.bundles.experiments import MlflowExperiment
from databricks.bundles.jobs import Job

from lakelab.lessons import lessons

ROOT = Path(__file__).parents[2]

MODELS = {"jobs": Job, "experiments": MlflowExperiment}
"""Kind of resource -> Databricks' own model of it, which refuses what it does not know."""

FROM_OUTSIDE = {"service_principal"}
"""What a repository cannot know, and whoever deploys has to say: BUNDLE_VAR_<name>."""


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
        """Give file, kind, name and content of each resource."""
        for path, document in self.files.items():
            for kind, several in document["resources"].items():
                for name, resource in several.items():
                    yield path, kind, name, resource


def read_bundle() -> Bundle:
    """Read the files anew, so that a test may change what it is given."""
    head = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
    paths = [path for pattern in head["include"] for path in sorted(ROOT.glob(pattern))]
    return Bundle(head, {p: yaml.safe_load(p.read_text(encoding="utf-8")) for p in paths})


def texts(node: Any) -> Iterator[str]:
    """Give all texts in a document, the keys aside."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def keys(job: dict[str, Any]) -> list[str]:
    """Give the task keys of a job, in the order of the file."""
    return [task["task_key"] for task in job["tasks"]]


def depends_on(task: dict[str, Any]) -> list[str]:
    """Give the keys of the tasks that a task waits for."""
    return [dependency["task_key"] for dependency in task.get("depends_on", [])]


def what_runs(task: dict[str, Any]) -> str:
    """Give the path of a task's notebook or Python file, as the job tells it; of neither, nothing."""
    if "notebook_task" in task:
        return task["notebook_task"]["notebook_path"]
    return task.get("spark_python_task", {}).get("python_file", "")


def upstream(job: dict[str, Any]) -> dict[str, set[str]]:
    """Say for each task which tasks have ended before it begins."""
    direct = {task["task_key"]: set(depends_on(task)) for task in job["tasks"]}
    before: dict[str, set[str]] = {}
    for key in TopologicalSorter(direct).static_order():
        waits_for = direct.get(key, set())
        before[key] = waits_for.union(*(before[other] for other in waits_for))
    return before


# ---- the checks --------------------------------------------------------------------------------------
def wrong_fields(bundle: Bundle) -> list[str]:
    """Find what Databricks' own models do not take: unknown and missing fields, wrong types."""
    found = []
    for _, kind, name, resource in bundle.resources():
        try:
            MODELS[kind].from_dict(resource)
        except (TypeError, ValueError) as error:
            found.append(f"{kind}.{name}: {error}")
    return found


def missing_files(bundle: Bundle) -> list[str]:
    """Find paths that lead nowhere, or to what stays behind when the bundle is deployed."""
    head, found = bundle.head, []
    deployed = [ROOT / path for path in head["sync"]["paths"]]
    for path in [*deployed, *(ROOT / path for path in head["sync"]["include"])]:
        if not path.exists():
            found.append(f"sync: {path.name} is not there")
    for name, artifact in head["artifacts"].items():
        if not (ROOT / artifact["path"] / "pyproject.toml").is_file():
            found.append(f"artifacts.{name}: no pyproject.toml")
    for file, kind, name, job in bundle.resources():
        for task in job["tasks"] if kind == "jobs" else []:
            if "condition_task" in task:
                continue
            path = (file.parent / what_runs(task)).resolve()
            where = f"{name}.{task['task_key']}: {what_runs(task)}"
            if not path.is_file():
                found.append(f"{where} is not there")
            elif not any(path.is_relative_to(folder) for folder in deployed):
                found.append(f"{where} is not deployed")
    return found


def wrong_tasks(bundle: Bundle) -> list[str]:
    """Find task keys, dependencies, environments and task values that do not resolve, and cycles."""
    found = []
    for name, job in bundle.jobs.items():
        there = keys(job)
        found += [f"{name}: two tasks {key}" for key in set(there) if there.count(key) > 1]
        environments = [one["environment_key"] for one in job["environments"]]
        for task in job["tasks"]:
            where = f"{name}.{task['task_key']}"
            found += [f"{where} waits for {k}" for k in depends_on(task) if k not in there]
            if what_runs(task) and task.get("environment_key") not in environments:
                found.append(f"{where}: no environment {task.get('environment_key')}")
        try:
            before = upstream(job)
        except CycleError as error:
            found.append(f"{name}: a circle, {' -> '.join(error.args[1])}")
            continue
        for task in job["tasks"]:
            for text in texts(task):
                for other, _ in re.findall(r"\{\{tasks\.([\w-]+)\.values\.(\w+)\}\}", text):
                    if other not in before[task["task_key"]]:
                        found.append(
                            f"{name}.{task['task_key']} reads {other}, which is not before it"
                        )
    return found


def wrong_lessons(bundle: Bundle) -> list[str]:
    """Find lessons that are not in the job `curriculum` exactly once, under their number."""
    tasks = [(task["task_key"], what_runs(task)) for task in bundle.jobs["curriculum"]["tasks"]]
    wanted = [(f"lesson_{le.number}", f"../notebooks/{le.file}.ipynb") for le in lessons()]
    wanted = [("prepare", "../notebooks/_lab.py"), *wanted, ("all_lessons", "")]
    return [f"missing: {task}" for task in wanted if tasks.count(task) != 1] + [
        f"not a lesson, or twice: {task}"
        for task in tasks
        if task not in wanted or tasks.count(task) > 1
    ]


def wrong_variables(bundle: Bundle) -> list[str]:
    """Find variables that a target does not set, or that nobody declares, describes or uses."""
    declared, found = bundle.head["variables"], []
    for name, target in bundle.head["targets"].items():
        given = set(target["variables"])
        from_outside = FROM_OUTSIDE if target["mode"] == "production" else set()
        found += [f"{name} does not set {v}" for v in set(declared) - given - from_outside]
        found += [f"{name} sets {v}, which is not declared" for v in given - set(declared)]
    told = [*texts(bundle.head), *(text for file in bundle.files.values() for text in texts(file))]
    used = {name for text in told for name in re.findall(r"\$\{var\.(\w+)\}", text)}
    found += [f"{v} is not declared" for v in used - set(declared)]
    found += [f"{v} is not used" for v in set(declared) - used]
    found += [f"{v} has no description" for v, of in declared.items() if not of.get("description")]
    resources = {f"{kind}.{name}" for _, kind, name, _ in bundle.resources()}
    for text in told:
        for resource in re.findall(r"\$\{resources\.(\w+\.\w+)\.\w+\}", text):
            if resource not in resources:
                found.append(f"{resource} is not declared")
    return found


def wrong_parameters(bundle: Bundle) -> list[str]:
    """Find job parameters that a task asks for and its job does not have."""
    found = []
    for name, job in bundle.jobs.items():
        declared = {parameter["name"] for parameter in job["parameters"]}
        for text in texts(job["tasks"]):
            for used in re.findall(r"\{\{job\.parameters\.(\w+)\}\}", text):
                if used not in declared:
                    found.append(f"{name}: no parameter {used}")
    return found


def same_in_dev(bundle: Bundle) -> list[str]:
    """Find what keeps development from differing: `mode: development` renames and pauses by itself.

    It does so unless a preset or the schedule says otherwise; names of schemas it leaves to us.
    https://docs.databricks.com/aws/en/dev-tools/bundles/deployment-modes
    """
    found, targets = [], bundle.head["targets"]
    if [name for name, target in targets.items() if target.get("default")] != ["dev"]:
        found.append("the default target is not dev")
    for name, target in targets.items():
        wanted = "development" if name == "dev" else "production"
        if target["mode"] != wanted:
            found.append(f"{name} has the mode {target['mode']}, not {wanted}")
    if targets["dev"].get("presets"):
        found.append("dev has presets, which win over its mode")
    if "${workspace.current_user.short_name}" not in targets["dev"]["variables"]["schema"]:
        found.append("the schema of dev is not a user's own")
    for name, job in bundle.jobs.items():
        if "pause_status" in job.get("schedule", {}):
            found.append(f"{name} says itself whether it is paused, in dev, too")
        if job.get("max_concurrent_runs") != 1:  # development mode makes 4 of none
            found.append(f"{name} may run twice at once")
    return found


CHECKS = [
    wrong_fields,
    missing_files,
    wrong_tasks,
    wrong_lessons,
    wrong_variables,
    wrong_parameters,
    same_in_dev,
]
