"""The objects of the course that a cleanup found.

Tested in ``tests/cleanup/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CourseObject:
    """One object that the course created.

    Attributes
    ----------
    kind : str
        Such as ``table``.
    name : str
    remove : callable
        Removes the object. An object that is gone already is no error.
    detail : str
        What is removed with it, such as the number of versions.
    """

    kind: str
    name: str
    remove: Callable[[], None]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.detail})" if self.detail else self.name


@dataclass
class Inventory:
    """The objects of the course, and those that must stay.

    Attributes
    ----------
    objects : list of CourseObject
        The objects to remove, in the order in which this is possible: an endpoint before its model.
    kept : list of str
        Objects that have a name of the course and stay, with the reason.
    unchecked : list of str
        Kinds of objects that could not be listed, with the error.
    """

    objects: list[CourseObject] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def print(self, confirmed: bool) -> None:
        """Print all objects by kind.

        Parameters
        ----------
        confirmed : bool
            Whether the objects are removed next. If not, the last line says how to remove them.
        """
        if not self.objects:
            print("Nothing to remove: of what the course makes, nothing is here.")
        else:
            print(f"What the course made: {len(self.objects)}")
        for kind in dict.fromkeys(one.kind for one in self.objects):
            names = [str(one) for one in self.objects if one.kind == kind]
            print(f"  {kind}: {len(names)}")
            for name in names:
                print(f"    {name}")
        for title, lines in (("Stays", self.kept), ("Not looked at", self.unchecked)):
            for line in lines:
                print(f"  {title}: {line}")
        if self.objects and not confirmed:
            print("Nothing is removed yet. lab.cleanup(confirm=True) removes all of it, for good.")
