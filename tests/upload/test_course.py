"""The items of the course."""

from __future__ import annotations

import json
import os
import re

import pytest

from lakelab.lessons import lessons
from lakelab.upload.course import Kind, course
from lakelab.upload.errors import UploadError
from tests.notebooks.set_up import said, set_up
from tests.upload.support import (
    COURSE,
    MANIFEST,
    sources,
)
from tests.upload.workspace_double import (
    CONTENT_LIMIT,
    exported,
)


def test_all_items_are_uploaded(upload, workspace, items):
    done = upload("--write")
    assert done.exit_code == 0, done.output
    objects = workspace.tree.objects
    for item in items:
        uploaded_object = objects[f"{COURSE}/{item.path}"]
        if item.kind is Kind.FILE:
            assert uploaded_object == item.content, item.path
        elif item.kind is Kind.JUPYTER:
            cells = json.loads(item.content)["cells"]
            assert sources(uploaded_object) == [
                (c["cell_type"], "".join(c["source"])) for c in cells
            ]
        else:
            assert uploaded_object.cells[1]["source"].startswith("# MAGIC %pip install")
            assert uploaded_object.cells[2]["source"].startswith('if "dbutils" in globals()')
    assert {f"{COURSE}/notebooks/{lesson.file}" for lesson in lessons()} < set(objects)
    assert f"{COURSE}/notebooks/_lab" in objects
    assert [path for path in objects if re.search(r"/dist/lakelab-[\d.]+-py3-none-any\.whl$", path)]
    others = {path for path in objects if path.startswith(COURSE)} - {
        f"{COURSE}/{item.path}" for item in items
    }
    folders = {"", "/dist", "/notebooks", "/notebooks/images", "/resources"}
    assert others == {f"{COURSE}{folder}" for folder in folders} | {MANIFEST}


def test_files_are_written_before_the_lessons(upload, workspace):
    upload("--write")
    files = [
        path.removeprefix(f"{COURSE}/")
        for path in workspace.writes
        if workspace.tree.objects[path] is not None
    ]
    assert files[0] == "lakelab-upload.json"
    assert files[1].startswith("dist/lakelab-")
    assert files[-19] == "notebooks/_lab"


def test_each_item_is_below_the_size_limit(items):
    """The wheel in base64 would be near the size limit of `import_`."""
    wheel = next(item for item in items if item.path.endswith(".whl"))
    assert wheel.size < CONTENT_LIMIT, "the posted file's own limit is not documented below 500 MB"
    assert all(item.size < 1_000_000 for item in items if item is not wheel)


@pytest.mark.skipif(os.name != "posix", reason="what Databricks does")
def test_a_lesson_starts_from_the_uploaded_items(uploaded, tmp_path):
    """A lesson starts from the exports of the wheel, the set-up notebook and the files of the bundle."""
    for path, content in uploaded.tree.objects.items():
        file = tmp_path / path.removeprefix("/")
        if content is None:
            file.mkdir(exist_ok=True, parents=True)
        else:
            file.write_bytes(content if isinstance(content, bytes) else exported(content))
    course = tmp_path / COURSE.removeprefix("/")
    (course / "temporary").mkdir()
    package = said(set_up(course)).parent
    assert package.is_relative_to(course / "temporary")
    # lesson 16 reads these files
    pipeline = package / "lessons/lesson_16/pipeline.py"
    resources = (
        next(parent for parent in pipeline.parents if (parent / "databricks.yml").exists())
        / "resources"
    )
    job = (resources / "promote.yml").read_text(encoding="utf-8")
    for path in re.findall(r"python_file: (\S+)", job):
        assert (resources / path).resolve() == pipeline.resolve()


def test_a_missing_file_of_the_course_is_refused(items, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(
        next(item for item in items if item.path == "pyproject.toml").content
    )
    for name in ("README.md", "LICENSE", "src/lakelab/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(UploadError, match=r"databricks\.yml cannot be read .* git checkout -- "):
        course(tmp_path)
