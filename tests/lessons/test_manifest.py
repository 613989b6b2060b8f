"""The manifest, the notebooks and the folders of the lessons agree."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from lakelab.lessons import NoSuchLessonError, find_lesson, lessons
from lakelab.lessons.prepare import NEEDS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"


def test_the_lessons_are_those_of_the_manifest():
    """A missing or an extra notebook fails this test."""
    assert {p.stem for p in NOTEBOOKS.glob("*.ipynb")} == {lesson.file for lesson in lessons()}
    assert [lesson.file for lesson in lessons()] == sorted(lesson.file for lesson in lessons())


def test_lessons_are_found_by_number_and_by_name():
    assert find_lesson("6") is find_lesson("06") is find_lesson("06_create_feature_table.ipynb")
    for name in ("99", "", "create"):
        with pytest.raises(NoSuchLessonError, match="There are: 01"):
            find_lesson(name)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
class TestEachLesson:
    """The requirements of the template for each notebook."""

    @pytest.fixture
    def notebook(self, lesson):
        return nbformat.read(NOTEBOOKS / f"{lesson.file}.ipynb", as_version=4)

    def test_a_lesson_is_a_valid_notebook_without_outputs(self, lesson, notebook):
        nbformat.validate(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert not [cell.id for cell in code if cell.outputs or cell.execution_count]

    def test_cell_ids_are_words(self, lesson, notebook):
        for cell in notebook.cells:
            assert all(part.isalnum() for part in cell.id.split("-")), cell.id
            assert any(part.isalpha() and len(part) > 2 for part in cell.id.split("-")), cell.id

    def test_a_lesson_follows_the_template(self, lesson, notebook):
        title, setup = notebook.cells[:2]
        assert title.source.startswith(f"# {lesson.number} · {lesson.title}")
        assert f'*Objective: "{lesson.objective}."* · {lesson.minutes} min' in title.source
        assert setup.source == "%run ./_lab"
        headings = [
            line.removeprefix("## ")
            for cell in notebook.cells
            if cell.cell_type == "markdown"
            for line in cell.source.splitlines()
            if line.startswith("## ")
        ]
        expected = ["In one minute", "Key ideas", "See it work", "What goes wrong", "Exam and today",
                  "Your turn", "Quiz", "What to open next"]  # fmt: skip
        assert [heading for heading in headings if heading in expected] == expected

    def test_the_code_is_databricks_code(self, lesson, notebook):
        """Only the set-up cell and the study helpers use the lab; no code depends on the platform."""
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        study = ("check", "flashcards", "hint", "quiz", "solution")
        helpers = (*study, "environments", "serve", "ui", "workspace")
        for cell in code:
            assert len(cell.source.splitlines()) <= 25, cell.id
            assert "on_databricks" not in cell.source
            assert "lakelab.local" not in cell.source
            for use in cell.source.split("lab.")[1:]:
                if use.split("(")[0].isidentifier():
                    assert use.split("(")[0] in (*helpers, "flights"), use
        assert any("assert " in cell.source for cell in code)

    def test_needs_are_known(self, lesson, notebook):
        assert set(lesson.needs) <= set(NEEDS)
        assert lesson.folder.is_dir()
