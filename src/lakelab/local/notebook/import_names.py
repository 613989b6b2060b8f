"""Import the local packages by the official names, such as ``databricks.feature_engineering``.

After :func:`answer_official_names`, ``from databricks.feature_engineering import ...`` imports
:mod:`lakelab.local.feature_engineering`, submodules included, and ``databricks.feature_store``, the legacy
name, imports :mod:`lakelab.local.feature_store`. ``databricks.sdk`` and all other modules below
``databricks`` stay the official ones. A local package is imported at the first import of its name.
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
"""Official package name -> local package. If two official names match, the longer one is used."""


def answer_official_names(answers: Mapping[str, str] = ANSWERS) -> None:
    """Make ``import`` find local packages by official names, from now on in this process.

    A second call changes nothing. Official modules that were imported before are removed from
    ``sys.modules``, so that the next import finds the local ones.

    Parameters
    ----------
    answers : mapping of str to str
        Official package name -> name of the local package.

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
    new = {official: local for official, local in answers.items() if official not in finder.answers}
    finder.answers.update(new)
    for name in list(sys.modules):
        if any(name == official or name.startswith(f"{official}.") for official in new):
            del sys.modules[name]


class _OfficialNames(MetaPathFinder):
    """Finds the official names, and leaves all other names to the finders after it."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        matches = [o for o in self.answers if fullname == o or fullname.startswith(f"{o}.")]
        if not matches:
            return None
        official = max(matches, key=len)
        return ModuleSpec(fullname, _SameModule(self.answers[official] + fullname[len(official) :]))


class _SameModule(Loader):
    """Loads the module of another name: the same object, so that ``isinstance`` works for both names."""

    def __init__(self, local_name: str):
        self.local_name = local_name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        try:
            module = importlib.import_module(self.local_name)
        except ModuleNotFoundError as error:
            if error.name != self.local_name:
                raise
            raise ModuleNotFoundError(
                f"'{spec.name}' is not part of what runs on a laptop: "
                f"it works in a Databricks workspace only.",
                name=spec.name,
            ) from error
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The module was executed under its own name, and the import system has just written the
        # official spec into it. Relative imports and reload() need its own spec.
        module.__spec__ = self.own_spec
