"""What is uploaded: the notebooks, their pictures, the package as a wheel, and the bundle's files."""

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
"""The largest workspace file: https://docs.databricks.com/aws/en/files/workspace"""


class Kind(Enum):
    """How the workspace keeps an item."""

    JUPYTER = "notebook in the Jupyter format"
    SOURCE = "notebook in the source format"
    FILE = "file"


@dataclass(frozen=True)
class Item:
    """One thing to upload.

    Parameters
    ----------
    path : str
        Where it goes, below the folder of the course. A notebook has no suffix there.
    kind : Kind
        How it is kept.
    content : bytes
        What is sent.
    """

    path: str
    kind: Kind
    content: bytes

    @property
    def size(self) -> int:
        """Bytes to send."""
        return len(self.content)

    @cached_property
    def fingerprint(self) -> str:
        """The `fingerprint_of` the content."""
        return self.fingerprint_of(self.content)

    def fingerprint_of(self, content: bytes) -> str:
        """Give a SHA-256 of the cells of a notebook, or of the bytes of a file.

        Raises
        ------
        ValueError
            If the content is not what `kind` says.
        """
        if self.kind is Kind.JUPYTER:
            return cells.fingerprint(cells.of_jupyter(content))
        if self.kind is Kind.SOURCE:
            return cells.fingerprint(cells.of_source(content))
        return hashlib.sha256(content).hexdigest()

    def same(self, one: bytes, other: bytes) -> bool:
        """Say whether two contents say the same, whatever a run or an export made of them."""
        try:
            return self.fingerprint_of(one) == self.fingerprint_of(other)
        except ValueError:
            return one == other


def course(root: Path) -> list[Item]:
    """Gather what is uploaded, in the order in which it is written: what lessons need comes first.

    Parameters
    ----------
    root : Path
        The project's folder.

    Returns
    -------
    list of Item
        Lesson 16 reads the bundle's files, lesson 02 the requirements in ``pyproject.toml``.

    Raises
    ------
    UploadError
        If something of the course is missing, or larger than a workspace takes.
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
    # without .py: `%run ./_lab` finds a notebook of that very name
    set_up = _read(notebooks / "_lab.py").replace(b"\r\n", b"\n")  # Git on Windows may write \r\n
    yield Item("notebooks/_lab", Kind.SOURCE, set_up)
    for lesson in lessons():
        content = _read(notebooks / f"{lesson.file}.ipynb")
        yield Item(f"notebooks/{lesson.file}", Kind.JUPYTER, content)


def build_wheel(root: Path) -> tuple[str, bytes]:
    """Build the package's wheel, as ``uv build --wheel`` does for the bundle: data files and all.

    hatchling is what ``pyproject.toml`` names as the build backend. Called in this process it needs no
    network and no uv, and gives the same bytes for the same files, as it writes no times of today.

    Returns
    -------
    tuple of str and bytes
        The wheel's name and content.

    Raises
    ------
    UploadError
        If hatchling is not installed, or refuses.
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
        except (OSError, TypeError, ValueError) as error:  # what it raises for a bad pyproject.toml
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
