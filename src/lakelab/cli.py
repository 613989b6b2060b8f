"""The ``lakelab`` command."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from lakelab.lessons import Lesson, NoSuchLessonError, find_lesson, lessons
from lakelab.local.system.home import Home, HomeError
from lakelab.runtime import LabError, find_home, project_root

app = typer.Typer(
    help="The Databricks Machine Learning lessons, on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(highlight=False)


def _stop(message: str) -> typer.Exit:
    """Print the error in one line, and return the exit with code 1."""
    # no markup: a message may quote a path or an answer that has [brackets]
    Console(stderr=True, highlight=False, markup=False).print(
        f"lakelab: {message}", style="red", soft_wrap=True
    )
    return typer.Exit(1)


def _notebooks() -> Path:
    root = project_root()
    if root is None:
        raise _stop("there is no notebooks/_lab.py here or above. Run it in a clone of lakelab.")
    return root / "notebooks"


@app.command()
def run(
    lesson: Annotated[
        list[str] | None, typer.Argument(help="Numbers, such as 06; none: all.")
    ] = None,
) -> None:
    """Run lessons in order, each in a fresh kernel; exit code 1 if any fails."""
    from lakelab.runner import run_lesson

    try:
        chosen = [find_lesson(number) for number in lesson or []] or list(lessons())
        home = find_home().prepare()
    except (HomeError, NoSuchLessonError) as error:
        raise _stop(str(error)) from error
    notebooks = _notebooks()
    failures = 0
    for number, one in enumerate(chosen, start=1):
        with _progress(one) as progress:
            outcome = run_lesson(one, notebooks, home.runs, progress)
        mark = "[green]ok[/]  " if outcome.ok else "[red]FAIL[/]"
        console.print(f"{number}/{len(chosen)}  {mark}  {outcome.seconds:5.1f} s  {one.file}")
        if not outcome.ok:
            failures += 1
            console.print(f"      cell [b]{outcome.failed_cell}[/b]: ", end="")
            console.print(outcome.error, markup=False, soft_wrap=True)
    console.print(f"Executed notebooks: {home.runs.resolve()}", soft_wrap=True)
    if failures:
        raise _stop(f"{failures} of {len(chosen)} lessons failed.")


@contextmanager
def _progress(lesson: Lesson) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar for the cells of a lesson, until the lesson ends."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    hidden = not console.is_terminal  # a log file gets the results only
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(f"{lesson.number}  {lesson.title}", total=None)
        yield lambda done, cells: progress.update(task, completed=done, total=cells)


@app.command()
def prepare() -> None:
    """Make what lessons need of earlier ones, so that each starts at once (make does it once)."""
    from lakelab.start import start

    os.environ.pop("LAKELAB_LESSON", None)  # without a lesson, the needs of all are prepared
    try:
        start()
    except LabError as error:
        raise _stop(str(error)) from error


@app.command("list")
def list_lessons() -> None:
    """List the lessons: number, exam objective, minutes."""
    table = Table("", "exam objective", "file", "minutes", box=None, pad_edge=False)
    for lesson in lessons():
        table.add_row(lesson.number, lesson.objective, lesson.file, str(lesson.minutes))
    console.print(table)


@app.command()
def doctor() -> None:
    """Check Python, packages, engine, disk and ports; exit code 1 if something needs mending."""
    from lakelab.doctor import examine

    failures = 0
    for finding in examine():
        failures += not finding.ok
        mark = "[green]\\[ok][/]  " if finding.ok else "[red]\\[fail][/]"
        console.print(f"{mark} {finding.what}: {finding.found}", soft_wrap=True)
        if not finding.ok:
            console.print(f"       {finding.mend}", soft_wrap=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 0,
) -> None:
    """Open the MLflow UI on what the lessons logged."""
    from lakelab.local.notebook.mlflow_ui import PortTakenError, Ui, UiError, free_port
    from lakelab.local.system.home import tracking_uri

    try:
        home = find_home().prepare()
        store = tracking_uri(home)
        if store != home.mlflow_uri:
            console.print(f"MLFLOW_TRACKING_URI names a server that has its own UI: {store}")
            return
        server = Ui(home, free_port(port))
        try:
            console.print(f"MLflow UI: {server.wait()}  (stop with Ctrl-C)")
            raise UiError(f"the MLflow UI ended: {server.last_words()}")
        except KeyboardInterrupt:
            server.stop()
    except (HomeError, PortTakenError, UiError) as error:
        raise _stop(str(error)) from error


@app.command()
def upload(
    profile: Annotated[
        str | None, typer.Option(help="Login of ~/.databrickscfg; none: the default one.")
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(help="Folder in the workspace; none: lakelab in your home folder there."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write; without it, only show what would be written.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace also what you changed; yours stays beside it."),
    ] = False,
) -> None:
    """Bring the lessons into a Databricks workspace. Shows what it would do; --write does it."""
    from lakelab.upload import report
    from lakelab.upload.course import course
    from lakelab.upload.errors import UploadError
    from lakelab.upload.folder import Folder
    from lakelab.upload.login import log_in
    from lakelab.upload.plan import apply_plan, make_plan
    from lakelab.upload.target import UploadTarget

    root = _notebooks().parent
    try:
        target = UploadTarget.parse(path) if path is not None else None
        items = course(root)
        login = log_in(profile)
        target = target or UploadTarget.parse(f"/Users/{login.user}/lakelab")
        folder = Folder(login.client, target)
        console.print(f"{login.user} on {login.host}", markup=False, soft_wrap=True)
        with report.progress_bar(console, "comparing", len(items)) as done:
            plan = make_plan(folder, items, lambda item: done(item.path))
        steps = plan.steps_to_write(force)
        console.print(report.tree(plan, target), soft_wrap=True)
        console.print(f"{report.summary(plan)}: {report.write_summary(steps)}.")
        if note := report.kept_note(plan, force):
            console.print(note, style="yellow", soft_wrap=True)
        if not write:
            how = "To write: the same command with --write" if steps else ""
            console.print(f"Nothing was written. {how}".rstrip(), style="b")
            return
        with report.progress_bar(console, "writing", len(steps)) as done:
            for step, copy in apply_plan(folder, plan, force):
                if copy:
                    console.print(f"yours: {target}/{copy}", markup=False, soft_wrap=True)
                done(step.item.path)
    except UploadError as error:
        raise _stop(str(error)) from error
    done_so = "Written." if steps else "All is there."
    console.print(
        f"{done_so} Open {target}/notebooks in {login.host}", markup=False, soft_wrap=True
    )


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete all local state: tables, runs, models, executed notebooks. Asks first."""
    try:
        folder = find_home().real_path
    except HomeError as error:
        raise _stop(str(error)) from error
    if not folder.exists():
        console.print(f"Nothing to delete: {folder} does not exist.", soft_wrap=True)
        return
    home = Home(folder)
    foreign = {entry for entry in folder.iterdir() if entry.suffix != ".lock"} - set(home.folders)
    if foreign or not home.warehouse.is_dir():  # LAKELAB_HOME=~, perhaps
        has = ", ".join(sorted(entry.name for entry in foreign)[:3]) or "no warehouse folder"
        raise _stop(
            f"{folder} does not look like lakelab's alone: it has {has}. Not deleted. Look at "
            f"LAKELAB_HOME, or move or delete that yourself first."
        )
    if not yes and not typer.confirm(f"Delete all tables, runs and models in {folder}?"):
        raise _stop("nothing was deleted.")
    shutil.rmtree(folder)
    console.print(f"Deleted {folder}", soft_wrap=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(app())
