"""Answer official import names with the packages that stand in for them on a laptop.

After :func:`answer_official_names`, ``from databricks.feature_engineering import ...`` gives
:mod:`lakelab.local.feature_engineering`, submodules included, and ``databricks.feature_store``, the legacy
name, gives :mod:`lakelab.local.feature_store`, while ``databricks.sdk`` and everything else below
``databricks`` stay what they are. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ANSWERS: Mapping[str, str] = {
    "databricks.feature_engineering": "lakelab.local.feature_engineering",
    "databricks.feature_store": "lakelab.local.feature_store",
    "databricks.feature_store.entities": "lakelab.local.feature_engineering.entities",
    "databricks.feature_store.training_set": "lakelab.local.feature_engineering.training_set",
}
"""Official package name -> the package that answers for it. The longest name counts."""


def answer_official_names(answers: Mapping[str, str] = ANSWERS) -> None:
    """Let ``import`` answer official names with local packages, from now on in this process.

    A second call changes nothing. Official modules that were imported before are set aside, so that
    the next import gives the local ones.

    Parameters
    ----------
    answers : mapping of str to str
        Official package name -> name of the package that answers for it.

    Examples
    --------
    >>> answer_official_names()
    >>> from databricks.feature_engineering import FeatureLookup
    >>> from lakelab.local.feature_engineering import FeatureLookup as ours
    >>> FeatureLookup is ours
    True
    """
    finder = next((f for f in sys.meta_path if isinstance(f, _OfficialNames)), None)
    if finder is None:
        finder = _OfficialNames()
        sys.meta_path.insert(0, finder)
    new = {official: ours for official, ours in answers.items() if official not in finder.answers}
    finder.answers.update(new)
    for name in list(sys.modules):
        if any(name == official or name.startswith(f"{official}.") for official in new):
            del sys.modules[name]


class _OfficialNames(MetaPathFinder):
    """Finds the official names; leaves all others to the finders after it."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        answering = [o for o in self.answers if fullname == o or fullname.startswith(f"{o}.")]
        if not answering:
            return None
        official = max(answering, key=len)
        return ModuleSpec(fullname, _SameModule(self.answers[official] + fullname[len(official) :]))


class _SameModule(Loader):
    """Gives the module of another name: the same object, so that ``isinstance`` works across both."""

    def __init__(self, ours: str):
        self.ours = ours

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        try:
            module = importlib.import_module(self.ours)
        except ModuleNotFoundError as error:
            if error.name != self.ours:
                raise
            raise ModuleNotFoundError(
                f"'{spec.name}' is not part of what runs on a laptop: "
                f"it works in a Databricks workspace only.",
                name=spec.name,
            ) from error
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It ran under its own name. The import system has just written the official spec into it:
        # put its own back, which relative imports and reload() go by.
        module.__spec__ = self.own_spec
