"""README: its statements about the lessons, the command and the bundle are true."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from typer.main import get_command

from lakelab.cli import app
from lakelab.lessons import Lesson, lessons

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ON_DATABRICKS = README.partition("## On Databricks\n")[2].partition("\n## ")[0]


def table(text: str, first_column: str) -> list[dict[str, str]]:
    """Return the rows of the table with this first column."""
    lines = text[text.index(f"| {first_column} |") :].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def cells(lesson: Lesson) -> list[str]:
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson.file}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells]


def platforms(lesson: Lesson) -> str:
    """Return the platforms in the first cell of a lesson: ``laptop, serverless, DBR ML 17.3+``."""
    return next(part for part in cells(lesson)[0].split(" · ") if part.startswith("laptop"))


def numbers(text: str) -> set[str]:
    """Parse a list of lessons such as ``01, 05 to 07``."""
    found: set[str] = set()
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        found |= {f"{number:02}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_the_table_of_lessons_agrees_with_the_manifest():
    rows = [
        (row["exam objective"], row["lesson"], row["minutes"])
        for row in table(README, "exam objective")
    ]
    assert rows == [
        (one.objective, f"[{one.file}](notebooks/{one.file}.ipynb)", str(one.minutes))
        for one in lessons()
    ]


PLATFORM_ROWS = table(ON_DATABRICKS, "lessons")


def test_each_lesson_is_in_one_row():
    listed = [number for row in PLATFORM_ROWS for number in numbers(row["lessons"])]
    assert sorted(listed) == [lesson.number for lesson in lessons()]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_the_table_has_the_platforms_of_the_first_cell(lesson):
    """On a platform without Databricks' AutoML, lakelab's AutoML runs instead."""
    [row] = [row for row in PLATFORM_ROWS if lesson.number in numbers(row["lessons"])]
    named = platforms(lesson)
    automl = "import automl" in "".join(cells(lesson))
    absent = "lakelab's AutoML" if automl else "no"
    assert row["laptop"] == (absent if automl else "yes")
    elsewhere = {"serverless elsewhere": "serverless" in named}
    elsewhere["DBR 17.3 LTS ML"] = bool(re.search(r"DBR ML (17\.3\+|up to 17\.3)", named))
    elsewhere["DBR 18 ML, 19 ML"] = bool(re.search(r"DBR ML (17\.3|18)\+", named))
    for column, runs in elsewhere.items():
        expected = ("Databricks' AutoML" if automl else "yes") if runs else absent
        assert row[column].startswith(expected), column
        condition = "registry" if "registry is still enabled" in named else ""
        assert not runs or condition in row[column]
    if "databricks-feature-engineering" in named:  # newer than the client of ML runtimes
        [needed] = re.findall(r"databricks-feature-engineering (\d+\.\d+) or newer", named)
        assert f"older than {needed}" in ON_DATABRICKS
        assert all(row[column].endswith("\\*") for column in elsewhere)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_free_edition_runs_what_serverless_runs_except_where_a_lesson_says_otherwise(lesson):
    [row] = [row for row in PLATFORM_ROWS if lesson.number in numbers(row["lessons"])]
    doubts = [
        line for cell in cells(lesson) for line in cell.splitlines() if "Free Edition" in line
    ]
    if "registry is still enabled" in platforms(lesson):  # disabled in accounts since April 2024
        assert row["Free Edition"].startswith("no")
    elif any("could not be verified" in line for line in doubts):
        assert row["Free Edition"].startswith("not verified")
    else:
        assert row["Free Edition"] == row["serverless elsewhere"]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_the_table_has_what_a_lesson_starts(lesson):
    [row] = [row for row in PLATFORM_ROWS if lesson.number in numbers(row["lessons"])]
    code = "\n".join(cells(lesson))
    starts = {
        "online store": "create_online_store(" in code,
        "pipelines": "publish_table(" in code and "publish_table(**" not in code,
        "serving endpoint": "lab.serve(" in code,
    }
    listed = row["starts, besides the notebook's compute"]
    if "lab.serve(" in code or "create_online_store(" in code:
        started = {what for what, does in starts.items() if does}
        assert started == {what for what in starts if what in listed}
        assert 'capacity="CU_1"' in code
        assert "**Clean up.**" in code
    else:
        assert listed == "nothing"


def test_the_commands_exist():
    commands = get_command(app).commands
    for name, flags in re.findall(r"\.venv/bin/lakelab (\w+)([^\n#`]*)", README):
        options = {flag for one in commands[name].params for flag in one.opts}
        assert set(re.findall(r"--\w+", flags)) <= options, name
    listed = README.partition("The same commands without make: ")[2].splitlines()[0]
    assert set(re.findall(r"`(?:\.venv/bin/lakelab )?(\w+)`", listed)) == set(commands)
    assert {"--write", "--force", "--path", "--profile"} <= set(re.findall(r"--\w+", ON_DATABRICKS))


def test_the_bundle_has_the_jobs_and_variables():
    jobs: set[str] = set()
    for file in (ROOT / "resources").glob("*.yml"):
        jobs |= set(yaml.safe_load(file.read_text(encoding="utf-8"))["resources"].get("jobs", {}))
    assert set(re.findall(r"bundle run (\w+)", ON_DATABRICKS)) <= jobs
    assert set(re.findall(r"the job (\w+)", ON_DATABRICKS)) <= jobs
    bundle = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
    assert set(re.findall(r"--var (\w+)=", ON_DATABRICKS)) <= set(bundle["variables"])
    assert bundle["targets"]["dev"]["default"]
    assert bundle["targets"]["dev"]["variables"]["catalog"] == "workspace"
    assert bundle["artifacts"]["lakelab"]["build"].startswith("uv build")


def test_the_folders_and_files_in_the_listing_exist():
    shown = README.partition("## Where things are\n```\n")[2].partition("```")[0]
    folder = ROOT
    for line in shown.splitlines():
        if name := re.match(r"( *)(\S+)", line):
            folder = ROOT / "src/lakelab" if name[1] else ROOT
            if name[2] not in (".lakelab/",) and len(name[1]) <= 4:
                assert (folder / name[2]).exists(), name[2]
