"""`lakelab upload`: databricks-sdk as it is, against a workspace on 127.0.0.1."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
from datetime import date

import pytest
from rich.console import Console

from lakelab.lessons import lessons
from lakelab.upload import login as login_module
from lakelab.upload.course import Kind, course
from lakelab.upload.errors import UploadError
from lakelab.upload.report import shown
from tests.notebooks.set_up import said, set_up
from tests.upload.workspace_double import (
    CONTENT_LIMIT,
    HOME,
    TOKEN,
    USER,
    Notebook,
    Refusal,
    exported,
)

COURSE = f"{HOME}/lakelab"
MANIFEST = f"{COURSE}/lakelab-upload.json"
LESSON = "notebooks/06_create_feature_table"
TODAY = date.today().isoformat()


def sources(notebook: Notebook) -> list[tuple[str, str]]:
    return [(cell["kind"], cell["source"]) for cell in notebook.cells]


def edit(workspace, path=LESSON):
    """Change a cell as a learner does, and run the notebook."""
    notebook = workspace.tree.notebook(f"{COURSE}/{path}")
    notebook.cells[2]["source"] += "\nmy_own_line = 1"
    notebook.run()
    return notebook


def an_older(items, path, content):
    """Give the course with another version of one item, and its place in the list."""
    at = next(number for number, item in enumerate(items) if item.path == path)
    item = items[at]
    return [*items[:at], type(item)(item.path, item.kind, content), *items[at + 1 :]]


def older_lesson(items, path=LESSON):
    item = next(item for item in items if item.path == path)
    notebook = json.loads(item.content)
    notebook["cells"][2]["source"] = "what it said before"
    return an_older(items, path, json.dumps(notebook).encode())


# ---- what arrives ----------------------------------------------------------------------------
def test_a_dry_run_shows_everything_and_writes_nothing(upload, workspace, items):
    done = upload()
    assert done.exit_code == 0, done.output
    assert workspace.writes == []
    assert f"{USER} on {workspace.url}" in done.output
    assert f"/Workspace{COURSE}" in done.output
    for item in items:
        assert item.path.rpartition("/")[2] in done.output
    assert f"{len(items)} new, 0 changed, 0 unchanged, 0 kept: {len(items)} items" in done.output
    total = sum(item.size for item in items) / 1e6
    assert f"to write, {total:.1f} MB" in done.output
    assert "Nothing was written" in done.output
    assert "%" not in done.output, "no progress bar where the output is no terminal"
    assert "━" not in done.output


def test_everything_arrives(upload, workspace, items):
    done = upload("--write")
    assert done.exit_code == 0, done.output
    kept = workspace.tree.objects
    for item in items:
        there = kept[f"{COURSE}/{item.path}"]
        if item.kind is Kind.FILE:
            assert there == item.content, item.path
        elif item.kind is Kind.JUPYTER:
            cells = json.loads(item.content)["cells"]
            assert sources(there) == [(c["cell_type"], "".join(c["source"])) for c in cells]
        else:
            assert there.cells[1]["source"].startswith("# MAGIC %pip install")
            assert there.cells[2]["source"].startswith('if "dbutils" in globals()')
    assert {f"{COURSE}/notebooks/{lesson.file}" for lesson in lessons()} < set(kept)
    assert f"{COURSE}/notebooks/_lab" in kept
    assert [path for path in kept if re.search(r"/dist/lakelab-[\d.]+-py3-none-any\.whl$", path)]
    beside = {path for path in kept if path.startswith(COURSE)} - {
        f"{COURSE}/{item.path}" for item in items
    }
    folders = {"", "/dist", "/notebooks", "/notebooks/images", "/resources"}
    assert beside == {f"{COURSE}{folder}" for folder in folders} | {MANIFEST}


def test_what_lessons_need_is_written_before_the_lessons(upload, workspace):
    upload("--write")
    files = [
        path.removeprefix(f"{COURSE}/")
        for path in workspace.writes
        if workspace.tree.objects[path] is not None
    ]
    assert files[0] == "lakelab-upload.json"
    assert files[1].startswith("dist/lakelab-")
    assert files[-19] == "notebooks/_lab"


def test_the_second_run_writes_nothing(upload, uploaded, items):
    workspace = uploaded
    workspace.writes.clear()
    done = upload("--write")
    assert done.exit_code == 0, done.output
    assert workspace.writes == []
    assert f"0 new, 0 changed, {len(items)} unchanged, 0 kept: nothing to write" in done.output


@pytest.mark.parametrize("path", ["/Shared/lab", "/Workspace/Shared/lab/"])
def test_path_chooses_another_folder(upload, workspace, path):
    assert upload("--write", "--path", path).exit_code == 0
    assert f"/Shared/lab/{LESSON}" in workspace.tree.objects


def test_each_item_fits_the_call_that_carries_it(items):
    """The wheel in base64 would be near the limit of the other form of the call."""
    wheel = next(item for item in items if item.path.endswith(".whl"))
    assert wheel.size < CONTENT_LIMIT, "the posted file's own limit is not documented below 500 MB"
    assert all(item.size < 1_000_000 for item in items if item is not wheel)


@pytest.mark.skipif(os.name != "posix", reason="what Databricks does")
def test_a_lesson_can_start_from_what_arrived(uploaded, tmp_path):
    """The wheel, the set-up and the bundle's files, as the workspace gives them back."""
    for path, there in uploaded.tree.objects.items():
        file = tmp_path / path.removeprefix("/")
        if there is None:
            file.mkdir(exist_ok=True, parents=True)
        else:
            file.write_bytes(there if isinstance(there, bytes) else exported(there))
    course = tmp_path / COURSE.removeprefix("/")
    (course / "temporary").mkdir()
    package = said(set_up(course)).parent
    assert package.is_relative_to(course / "temporary")
    # what lesson 16 looks at
    pipeline = package / "lessons/lesson_16/pipeline.py"
    resources = (
        next(one for one in pipeline.parents if (one / "databricks.yml").exists()) / "resources"
    )
    told = (resources / "promote.yml").read_text(encoding="utf-8")
    for named in re.findall(r"python_file: (\S+)", told):
        assert (resources / named).resolve() == pipeline.resolve()


# ---- whose work is it? -----------------------------------------------------------------------
def test_a_run_changes_nothing_that_counts(upload, uploaded, items):
    workspace = uploaded
    for lesson in lessons():
        workspace.tree.notebook(f"{COURSE}/notebooks/{lesson.file}").run()
    workspace.writes.clear()
    done = upload("--write")
    assert f"{len(items)} unchanged, 0 kept" in done.output
    assert workspace.writes == []


def test_a_newer_lesson_replaces_the_one_that_was_only_run(upload, workspace, items, monkeypatch):
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older_lesson(items))
    upload("--write")
    workspace.tree.notebook(f"{COURSE}/{LESSON}").run()
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    workspace.writes.clear()
    done = upload("--write")
    assert "0 new, 1 changed, " in done.output
    assert workspace.writes == [MANIFEST, f"{COURSE}/{LESSON}"]
    assert "what it said before" not in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))


@pytest.mark.parametrize("path", [LESSON, "notebooks/_lab"])
def test_what_the_learner_changed_is_kept(upload, workspace, items, monkeypatch, path):
    older = older_lesson(items) if path == LESSON else an_older(items, path, b"# older\n1\n2\n3")
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older)
    upload("--write")
    notebook = workspace.tree.notebook(f"{COURSE}/{path}")
    notebook.cells[-1]["source"] += "\nmy_own_line = 1"
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    for _ in range(2):
        done = upload("--write")
        assert done.exit_code == 0, done.output
        assert "1 kept" in done.output
        assert "--force" in done.output
        assert "my_own_line = 1" in str(sources(workspace.tree.notebook(f"{COURSE}/{path}")))


def test_a_workspace_that_writes_sources_differently_is_not_taken_for_the_learner(
    upload, workspace, items, monkeypatch
):
    """No workspace was there to see what an export does to a source; this one indents by tabs."""
    workspace.gives_back = lambda source: source.replace("    ", "\t")
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older_lesson(items))
    upload("--write")
    assert f"{len(items)} unchanged, 0 kept" in upload("--write").output
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    assert f"1 changed, {len(items) - 1} unchanged, 0 kept" in upload("--write").output
    edit(workspace)
    assert f"{len(items) - 1} unchanged, 1 kept" in upload("--write").output
    assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))


def test_force_keeps_the_learners_version_beside_it(upload, uploaded, items):
    workspace = uploaded
    mine = sources(edit(workspace))
    assert "1 kept: 1 item to write" in upload("--force").output
    assert sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")) == mine, "a dry run"
    done = upload("--force", "--write")
    assert done.exit_code == 0, done.output
    copy = f"{LESSON} (yours, {TODAY})"
    assert f"yours: /Workspace{COURSE}/{copy}" in done.output
    kept = workspace.tree.notebook(f"{COURSE}/{copy}")
    assert [(kind, source.rstrip()) for kind, source in sources(kept)] == mine
    assert any(cell["outputs"] for cell in kept.cells), "with what its last run showed"
    assert "my_own_line" not in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))
    assert f"{len(items)} unchanged" in upload().output


def test_force_never_takes_the_place_of_an_earlier_copy(upload, uploaded):
    workspace = uploaded
    edit(workspace)
    upload("--force", "--write")
    notebook = workspace.tree.notebook(f"{COURSE}/{LESSON}")
    notebook.cells[2]["source"] = "a second thought"
    upload("--force", "--write")
    first = workspace.tree.notebook(f"{COURSE}/{LESSON} (yours, {TODAY})")
    second = workspace.tree.notebook(f"{COURSE}/{LESSON} (yours, {TODAY} 2)")
    assert "my_own_line" in str(sources(first))
    assert "a second thought" in str(sources(second))


def test_force_after_a_break_makes_no_second_copy(upload, uploaded):
    """Broken off between the copy and the lesson."""
    workspace = uploaded
    edit(workspace)
    told = []

    def refuse_the_lesson(path):
        told.append(path)
        if path == f"{COURSE}/{LESSON}":
            raise Refusal(400, "BAD_REQUEST", "not now")

    workspace.before_write = refuse_the_lesson
    assert upload("--force", "--write").exit_code == 1
    assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))
    workspace.before_write = lambda path: None
    upload("--force", "--write")
    copies = [path for path in workspace.tree.objects if "(yours" in path]
    assert len(copies) == 1
    assert "my_own_line" not in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))


def test_an_edit_while_the_command_runs_is_not_overwritten(upload, workspace, items, monkeypatch):
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older_lesson(items))
    upload("--write")
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    # the manifest is the first thing written; the comparison is over then
    workspace.before_write = lambda path: edit(workspace) if path == MANIFEST else None
    done = upload("--write")
    assert done.exit_code == 1
    assert "was changed while lakelab was looking" in done.output
    assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))
    assert "1 kept" in upload().output


def test_without_a_manifest_what_differs_is_the_learners(upload, uploaded):
    workspace = uploaded
    edit(workspace)
    for content in (None, b'{"format": 1, "uploa'):
        workspace.tree.objects[MANIFEST] = content
        if content is None:
            del workspace.tree.objects[MANIFEST]
        done = upload("--write")
        assert "1 kept" in done.output, done.output
        assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))
        assert json.loads(workspace.tree.objects[MANIFEST])["format"] == 1


def test_a_manifest_of_a_newer_lakelab_is_left_alone(upload, uploaded):
    workspace = uploaded
    told = json.dumps({"format": 2, "lakelab": "9.9", "uploaded": {}}).encode()
    workspace.tree.objects[MANIFEST] = told
    done = upload("--write")
    assert done.exit_code == 1
    assert "was written by lakelab 9.9" in done.output
    assert workspace.tree.objects[MANIFEST] == told


def test_other_things_in_the_folder_are_left_alone(upload, uploaded):
    workspace = uploaded
    own = {f"{COURSE}/notebooks/my notes": Notebook([]), f"{COURSE}/notes.txt": b"mine"}
    workspace.tree.objects |= own
    upload("--write", "--force")
    assert {path: workspace.tree.objects[path] for path in own} == own


# ---- broken off ------------------------------------------------------------------------------
def start(items, folder) -> subprocess.Popen:
    """Start `lakelab upload --write` in a process of its own, for just these items."""
    (folder / "items").write_bytes(pickle.dumps(items))
    code = (
        "import pickle, sys; from lakelab import cli; from lakelab.upload import course; "
        "items = pickle.load(open(sys.argv[1], 'rb')); course.course = lambda root: items; "
        "cli.app(['upload', '--profile', 'work', '--write'])"
    )
    command = [sys.executable, "-c", code, str(folder / "items")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.parametrize("at", ["-py3-none-any.whl", LESSON])
def test_killed_and_started_again_writes_only_what_is_missing(
    upload, workspace, items, at, tmp_path
):
    workspace.hang_up_in = at
    process = start(items, tmp_path)
    hung = workspace.hung.wait(60)
    process.send_signal(signal.SIGKILL)
    assert hung, process.communicate()[0]
    process.communicate()
    workspace.go_on.set()
    there = {item.path for item in items if f"{COURSE}/{item.path}" in workspace.tree.objects}
    assert there < {item.path for item in items}
    workspace.writes.clear()

    done = upload("--write")
    assert done.exit_code == 0, done.output
    missing = {item.path for item in items} - there
    written = {path.removeprefix(f"{COURSE}/") for path in workspace.writes}
    assert written == missing
    assert f"{len(missing)} new, 0 changed, {len(there)} unchanged, 0 kept" in done.output
    assert f"{len(items)} unchanged" in upload().output


def test_a_half_file_is_not_taken_for_whole(upload, uploaded, items):
    workspace = uploaded
    wheel, picture = (
        next(item for item in items if item.path.endswith(end)) for end in (".whl", ".png")
    )
    for item in (wheel, picture):
        workspace.tree.objects[f"{COURSE}/{item.path}"] = item.content[:1000]
    workspace.writes.clear()
    upload("--write")
    assert workspace.writes == [f"{COURSE}/{wheel.path}", f"{COURSE}/{picture.path}"]
    for item in (wheel, picture):
        assert workspace.tree.objects[f"{COURSE}/{item.path}"] == item.content


def test_killed_before_a_newer_lakelab_comes(upload, workspace, items, monkeypatch):
    """The manifest knows also what was written last before the break."""
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older_lesson(items))

    def refuse_what_follows(path):
        if path == f"{COURSE}/notebooks/07_write_feature_table":
            raise Refusal(400, "BAD_REQUEST", "not now")

    workspace.before_write = refuse_what_follows
    assert upload("--write").exit_code == 1
    workspace.before_write = lambda path: None
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    assert "13 new" not in (done := upload("--write")).output
    assert "1 changed" in done.output
    assert "0 kept" in done.output


# ---- what goes wrong -------------------------------------------------------------------------
def one_line(done) -> str:
    assert done.exit_code == 1, done.output
    told = [line for line in done.stderr.splitlines() if line]
    assert len(told) == 1, done.stderr
    assert told[0].startswith("lakelab: ")
    return told[0]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("lakelab", "is not absolute"),
        ("/Workspace/Users/../Shared/x", "leads up"),
        ("/dbfs/lakelab", "is not below /Workspace"),
        ("/Volumes/main/a/b", "is in a volume"),
        ("/Workspace", "is not below /Workspace"),
        ("/Users", "is the folder of all users"),
        ("/Shared\\x", "has a character"),
        ("C:/Program Files/Git/Workspace/Shared/x", "In Git Bash, write //Workspace"),
        ("", "is not absolute"),
    ],
)
def test_paths_that_no_workspace_has(upload, workspace, path, why):
    told = one_line(upload("--write", "--path", path))
    assert why in told
    assert "Expected a folder such as /Workspace/Users/" in told
    assert workspace.writes == []


def test_a_path_as_git_bash_needs_it(upload, workspace):
    assert "/Workspace/Shared/x" in upload("--path", "//Workspace/Shared/x").output


def test_no_such_profile(upload):
    told = one_line(upload(profile="wrok"))
    assert "--profile wrok does not lead to a workspace" in told
    assert "databricks auth login" in told


def test_no_login_at_all(upload, home):
    from typer.testing import CliRunner

    from lakelab import cli

    told = one_line(CliRunner().invoke(cli.app, ["upload"]))
    assert "the default login does not lead to a workspace" in told
    assert "Expected a profile in ~/.databrickscfg" in told


def test_an_expired_token(upload, workspace):
    workspace.tokens.clear()
    told = one_line(upload())
    assert f"{workspace.url} refuses --profile work: Invalid access token" in told
    assert "Log in again" in told


def test_a_host_that_does_not_answer(upload, home, monkeypatch):
    monkeypatch.setattr(login_module, "ANSWER_WITHIN", 1)
    with socket.socket() as taken:  # taken, and nobody listens
        taken.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        told = f"[work]\nhost = {host}\ntoken = {TOKEN}\n"
        (home / ".databrickscfg").write_text(told, encoding="utf-8")
        told = one_line(upload())
    assert f"{host} does not answer" in told
    assert "Look at host in --profile work" in told


def test_a_folder_out_of_reach(upload, workspace):
    told = one_line(upload("--write", "--path", "/Users/bob@example.com/lakelab"))
    assert "does not have required permissions" in told
    assert "/Workspace/Users/bob@example.com" in told
    assert "choose it with --path" in told
    assert workspace.writes == []


@pytest.mark.parametrize(
    ("path", "found", "expected"),
    [
        (LESSON, None, f"/Workspace{COURSE}/{LESSON} is a directory, expected a notebook"),
        (
            "notebooks/_lab",
            b"",
            f"/Workspace{COURSE}/notebooks/_lab is a file, expected a notebook",
        ),
        (
            "databricks.yml",
            None,
            f"/Workspace{COURSE}/databricks.yml is a directory, expected a file",
        ),
        ("dist", b"", f"/Workspace{COURSE}/dist is a file, expected a folder"),
        ("", Notebook([]), f"/Workspace{COURSE} is a notebook, expected a folder"),
    ],
)
def test_something_else_in_the_place(upload, uploaded, path, found, expected):
    workspace = uploaded
    if path in ("", "dist"):
        for below in [one for one in workspace.tree.objects if one.startswith(f"{COURSE}/{path}")]:
            del workspace.tree.objects[below]
    workspace.tree.objects[f"{COURSE}/{path}".rstrip("/")] = found
    workspace.writes.clear()
    told = one_line(upload("--write", "--force"))
    assert expected in told
    assert "Rename or delete it" in told
    assert workspace.writes == []


def test_a_file_that_the_workspace_refuses(upload, workspace):
    workspace.most_bytes = 1_000_000
    told = one_line(upload("--write"))
    assert "-py3-none-any.whl: File size imported is" in told


def test_an_outage_says_that_it_goes_on_where_it_stopped(upload, workspace):
    def fail_at_the_lessons(path):
        if path.endswith("01_mlops_best_practices"):
            raise Refusal(500, "INTERNAL_ERROR", "something broke")

    workspace.before_write = fail_at_the_lessons
    told = one_line(upload("--write"))
    assert "01_mlops_best_practices: something broke" in told
    assert "it goes on where it stopped" in told


def test_a_file_of_the_course_that_is_gone(items, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(
        next(item for item in items if item.path == "pyproject.toml").content
    )
    for needed in ("README.md", "LICENSE", "src/lakelab/__init__.py"):
        (tmp_path / needed).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / needed).touch()
    with pytest.raises(UploadError, match=r"databricks\.yml cannot be read .* git checkout -- "):
        course(tmp_path)


def test_a_terminal_gets_a_progress_bar_that_is_gone_afterwards():
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    with shown(terminal, "writing", 2) as done:
        done("notebooks/[01]")
        assert terminal.is_terminal
    said = terminal.file.getvalue()
    assert "writing" in said
    assert "2" in said
    assert said.endswith(("\x1b[2K", "\x1b[1A\x1b[2K", "\x1b[?25h\r\x1b[1A\x1b[2K")), repr(
        said[-40:]
    )


# ---- what it leaves alone ----------------------------------------------------------------------
def test_a_lessons_own_settings_do_not_lead_it_to_the_local_workspace(
    upload, tmp_path, monkeypatch
):
    """`!lakelab upload` in a lesson."""
    file = tmp_path / "lab" / "uc" / "databrickscfg"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("DATABRICKS_TOKEN", "local-x")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
    assert upload().exit_code == 0


def test_the_learners_own_variables_are_used(home, workspace, monkeypatch):
    (home / ".databrickscfg").unlink()
    monkeypatch.setenv("DATABRICKS_HOST", workspace.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    assert login_module.log_in().user == USER


def test_it_imports_no_mlflow_and_no_spark(home):
    code = (
        "import sys; from lakelab.cli import app; app(['upload', '--profile', 'work'], "
        "standalone_mode=False); print(sorted({'mlflow', 'pyspark', 'pandas', 'pysail', 'sklearn'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
