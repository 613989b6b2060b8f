"""ARCHITECTURE.md, CONTRIBUTING.md and README name layers, files and commands that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lakelab"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]


def layers_of_the_contract(container: str) -> list[set[str]]:
    """Return the layers of a container from the top, each as the set of its modules."""
    (contract,) = [c for c in CONTRACTS["contracts"] if c.get("containers") == [container]]
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def layers_of_the_page(heading: str) -> list[set[str]]:
    """Return the layers of a table of ARCHITECTURE.md from the top."""
    table = ARCHITECTURE.partition(heading)[2].partition("| layer |")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    return [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in rows]


@pytest.mark.parametrize(
    ("heading", "container"),
    [("**The course**", "lakelab"), ("**The local Databricks**", "lakelab.local")],
)
def test_the_layers_of_the_page_are_those_that_are_checked(heading, container):
    assert layers_of_the_page(heading) == layers_of_the_contract(container)


def test_contracts_are_exhaustive_and_count_imports_for_types():
    for contract in CONTRACTS["contracts"]:
        if contract["type"] == "layers":
            assert contract["exhaustive"] is True
        assert not contract.get("ignore_imports")
    assert not CONTRACTS.get("exclude_type_checking_imports")


def test_local_may_import_no_module_of_the_course():
    (alone,) = [c for c in CONTRACTS["contracts"] if c.get("source_modules") == ["lakelab.local"]]
    course = {
        f"lakelab.{path.stem}"
        for path in SOURCE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file())
        and path.stem not in ("__init__", "local")
    }
    assert set(alone["forbidden_modules"]) == course


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+/(?:\w+\.py)?)`", ARCHITECTURE))))
def test_a_path_of_the_page_exists(path):
    assert any((base / path).exists() for base in (ROOT, SOURCE, SOURCE / "local"))


@pytest.mark.parametrize(
    "path",
    sorted(
        set(re.findall(r"\b((?:tests|src|notebooks)/[\w./-]+\.(?:py|ipynb|yaml))", CONTRIBUTING))
    ),
)
def test_a_path_of_contributing_exists(path):
    assert (ROOT / path).is_file()


def test_folders_of_readme_exist():
    block = README.partition("## Where things are\n```\n")[2].partition("```")[0]
    names = re.findall(r"^( {4})?([\w./]+)  ", block, re.MULTILINE)
    assert len(names) > 15
    for indent, name in names:
        base = SOURCE if indent and name != ".lakelab/" else ROOT
        assert name == ".lakelab/" or (base / name).exists(), name


def test_the_course_asks_once_whether_it_is_on_databricks():
    calls = [
        (path.relative_to(SOURCE).as_posix(), line)
        for path in SOURCE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<!def )(?<![\w.])on_databricks\(\)", line) and "``" not in line
    ]
    assert [file for file, _ in calls] == ["start.py"]
