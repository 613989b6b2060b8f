"""Checks of the bundle: each function returns a line for each mistake that it finds."""

from __future__ import annotations

import re
from graphlib import CycleError

from databricks.bundles.experiments import MlflowExperiment
from databricks.bundles.jobs import Job

from lakelab.lessons import lessons

from .documents import ROOT, Bundle, depends_on, keys, source_file, texts, upstream

MODELS = {"jobs": Job, "experiments": MlflowExperiment}
"""Kind of resource -> Databricks' own model of it, which raises for unknown fields."""

FROM_OUTSIDE = {"service_principal"}
"""Variables that the repository cannot know: each deployment sets them, as BUNDLE_VAR_<name>."""


def wrong_fields(bundle: Bundle) -> list[str]:
    """Find unknown fields, missing fields and wrong types, by Databricks' own models."""
    found = []
    for _, kind, name, resource in bundle.resources():
        try:
            MODELS[kind].from_dict(resource)
        except (TypeError, ValueError) as error:
            found.append(f"{kind}.{name}: {error}")
    return found


def missing_files(bundle: Bundle) -> list[str]:
    """Find paths of files that do not exist, or that a deployment leaves out."""
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
            path = (file.parent / source_file(task)).resolve()
            where = f"{name}.{task['task_key']}: {source_file(task)}"
            if not path.is_file():
                found.append(f"{where} is not there")
            elif not any(path.is_relative_to(folder) for folder in deployed):
                found.append(f"{where} is not deployed")
    return found


def wrong_tasks(bundle: Bundle) -> list[str]:
    """Find task keys, dependencies, environments and task values that do not resolve, and cycles."""
    found = []
    for name, job in bundle.jobs.items():
        task_keys = keys(job)
        found += [f"{name}: two tasks {key}" for key in set(task_keys) if task_keys.count(key) > 1]
        environments = [one["environment_key"] for one in job["environments"]]
        for task in job["tasks"]:
            where = f"{name}.{task['task_key']}"
            found += [f"{where} waits for {k}" for k in depends_on(task) if k not in task_keys]
            if source_file(task) and task.get("environment_key") not in environments:
                found.append(f"{where}: no environment {task.get('environment_key')}")
        try:
            ended = upstream(job)
        except CycleError as error:
            found.append(f"{name}: a circle, {' -> '.join(error.args[1])}")
            continue
        for task in job["tasks"]:
            for text in texts(task):
                for other, _ in re.findall(r"\{\{tasks\.([\w-]+)\.values\.(\w+)\}\}", text):
                    if other not in ended[task["task_key"]]:
                        found.append(
                            f"{name}.{task['task_key']} reads {other}, which is not before it"
                        )
    return found


def wrong_lessons(bundle: Bundle) -> list[str]:
    """Find lessons that are not in the job `curriculum` exactly once, under their number."""
    tasks = [(task["task_key"], source_file(task)) for task in bundle.jobs["curriculum"]["tasks"]]
    expected = [
        ("prepare", "../notebooks/_lab.py"),
        *((f"lesson_{le.number}", f"../notebooks/{le.file}.ipynb") for le in lessons()),
        ("all_lessons", ""),
    ]
    return [f"missing: {task}" for task in expected if tasks.count(task) != 1] + [
        f"not a lesson, or twice: {task}"
        for task in tasks
        if task not in expected or tasks.count(task) > 1
    ]


def wrong_variables(bundle: Bundle) -> list[str]:
    """Find variables that a target does not set, or that are not declared, described or used."""
    declared, found = bundle.head["variables"], []
    for name, target in bundle.head["targets"].items():
        set_here = set(target["variables"])
        from_outside = FROM_OUTSIDE if target["mode"] == "production" else set()
        found += [f"{name} does not set {v}" for v in set(declared) - set_here - from_outside]
        found += [f"{name} sets {v}, which is not declared" for v in set_here - set(declared)]
    files = bundle.files.values()
    all_texts = [*texts(bundle.head), *(text for file in files for text in texts(file))]
    used = {name for text in all_texts for name in re.findall(r"\$\{var\.(\w+)\}", text)}
    found += [f"{v} is not declared" for v in used - set(declared)]
    found += [f"{v} is not used" for v in set(declared) - used]
    found += [f"{v} has no description" for v, of in declared.items() if not of.get("description")]
    resources = {f"{kind}.{name}" for _, kind, name, _ in bundle.resources()}
    for text in all_texts:
        for resource in re.findall(r"\$\{resources\.(\w+\.\w+)\.\w+\}", text):
            if resource not in resources:
                found.append(f"{resource} is not declared")
    return found


def wrong_parameters(bundle: Bundle) -> list[str]:
    """Find job parameters that a task reads and its job does not declare."""
    found = []
    for name, job in bundle.jobs.items():
        declared = {parameter["name"] for parameter in job["parameters"]}
        for text in texts(job["tasks"]):
            for used in re.findall(r"\{\{job\.parameters\.(\w+)\}\}", text):
                if used not in declared:
                    found.append(f"{name}: no parameter {used}")
    return found


def wrong_modes(bundle: Bundle) -> list[str]:
    """Find settings that override `mode: development`, which renames resources and pauses schedules.

    A preset or a schedule's pause status overrides the mode. The mode does not rename schemas.
    https://docs.databricks.com/aws/en/dev-tools/bundles/deployment-modes
    """
    found, targets = [], bundle.head["targets"]
    if [name for name, target in targets.items() if target.get("default")] != ["dev"]:
        found.append("the default target is not dev")
    for name, target in targets.items():
        expected = "development" if name == "dev" else "production"
        if target["mode"] != expected:
            found.append(f"{name} has the mode {target['mode']}, not {expected}")
    if targets["dev"].get("presets"):
        found.append("dev has presets, which override its mode")
    if "${workspace.current_user.short_name}" not in targets["dev"]["variables"]["schema"]:
        found.append("the schema of dev is not a user's own")
    for name, job in bundle.jobs.items():
        if "pause_status" in job.get("schedule", {}):
            found.append(f"{name} sets its pause status, which overrides the mode of dev")
        if job.get("max_concurrent_runs") != 1:  # without a value, development mode sets 4
            found.append(f"{name} may run twice at once")
    return found


CHECKS = [
    wrong_fields,
    missing_files,
    wrong_tasks,
    wrong_lessons,
    wrong_variables,
    wrong_parameters,
    wrong_modes,
]
