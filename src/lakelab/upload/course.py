"""The items to upload: the notebooks, their images, the package as a wheel, and the files of the bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from lakelab.lessons import lessons
from lakelab.upload import cells
from lakelab.upload.errors import UploadError

MAX_FILE_MB = 500
"""The size limit of a workspace file: https://docs.databricks.com/aws/en/files/workspace"""


class Kind(Enum):
    """The format of an item in the workspace."""

    JUPYTER = "notebook in the Jupyter format"
    SOURCE = "notebook in the source format"
    FILE = "file"


@dataclass(frozen=True)
class Item:
    """A notebook or a file to upload.

    Parameters
    ----------
    path : str
        The path below the folder of the course. The path of a notebook has no suffix.
    kind : Kind
        The format in the workspace.
    content : bytes
        The content to upload.
    """

    path: str
    kind: Kind
    content: bytes

    @property
    def size(self) -> int:
        """The number of bytes to upload."""
        return len(self.content)

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the content; see `fingerprint_of`."""
        return self.fingerprint_of(self.content)

    def fingerprint_of(self, content: bytes) -> str:
        """Return a SHA-256 of the cells of a notebook, or of the bytes of a file.

        Raises
        ------
        ValueError
            If the content is no notebook of the kind `kind`.
        """
        if self.kind is Kind.JUPYTER:
            return cells.fingerprint(cells.read_jupyter_cells(content))
        if self.kind is Kind.SOURCE:
            return cells.fingerprint(cells.read_source_cells(content))
        return hashlib.sha256(content).hexdigest()

    def is_same(self, one: bytes, other: bytes) -> bool:
        """Return whether two contents have the same cells or bytes, apart from traces of runs and exports."""
        try:
            return self.fingerprint_of(one) == self.fingerprint_of(other)
        except ValueError:
            return one == other


def course(root: Path) -> list[Item]:
    """List the items to upload in the order of writing: first the files that the lessons need.

    Parameters
    ----------
    root : Path
        The project's folder.

    Returns
    -------
    list of Item
        Lesson 16 reads the files of the bundle, and lesson 02 the requirements in ``pyproject.toml``.

    Raises
    ------
    UploadError
        If a file of the course is missing, or exceeds the size limit.
    """
    items = list(_items(root))
    for item in items:
        if item.size > MAX_FILE_MB * 1e6:
            raise UploadError(
                f"{item.path} has {item.size / 1e6:.0f} MB, and a workspace takes files of at most "
                f"{MAX_FILE_MB} MB. Use a Git folder instead: see README, On Databricks."
            )
    return items


def _items(root: Path) -> Iterator[Item]:
    name, wheel = build_wheel(root)
    yield Item(f"dist/{name}", Kind.FILE, wheel)
    notebooks = root / "notebooks"
    for name in ("databricks.yml", "pyproject.toml"):
        yield Item(name, Kind.FILE, _read(root / name))
    for folder, pattern in ((root / "resources", "*.yml"), (notebooks / "images", "*.png")):
        for file in sorted(folder.glob(pattern)):
            yield Item(file.relative_to(root).as_posix(), Kind.FILE, _read(file))
    # without .py: `%run ./_lab` needs a notebook of exactly that name
    setup_notebook = _read(notebooks / "_lab.py").replace(
        b"\r\n", b"\n"
    )  # Git on Windows may write \r\n
    yield Item("notebooks/_lab", Kind.SOURCE, setup_notebook)
    for lesson in lessons():
        content = _read(notebooks / f"{lesson.file}.ipynb")
        yield Item(f"notebooks/{lesson.file}", Kind.JUPYTER, content)


def build_wheel(root: Path) -> tuple[str, bytes]:
    """Build the wheel of the package with its data files, as ``uv build --wheel`` does for the bundle.

    hatchling is the build backend in ``pyproject.toml``. In this process it needs no network and no uv. It
    writes no current times, so that the same files give the same bytes.

    Returns
    -------
    tuple of str and bytes
        The name and the content of the wheel.

    Raises
    ------
    UploadError
        If hatchling is not installed, or the build fails.
    """
    try:
        from hatchling.builders.wheel import WheelBuilder
    except ModuleNotFoundError as error:
        raise UploadError(
            "hatchling is missing from this Python, and builds the wheel. Run `make doctor`, or "
            "`.venv/bin/pip install -c constraints.txt -e .[local]`."
        ) from error
    with TemporaryDirectory() as folder:
        try:
            built = next(
                iter(WheelBuilder(str(root)).build(directory=folder, versions=["standard"]))
            )
        except (
            OSError,
            TypeError,
            ValueError,
        ) as error:  # hatchling raises these for an invalid pyproject.toml
            raise UploadError(f"the wheel of {root} cannot be built: {error}") from error
        return Path(built).name, Path(built).read_bytes()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UploadError(
            f"{file} cannot be read ({error.strerror}), and belongs to the course. Bring it back: "
            f"git checkout -- {file}"
        ) from error
