"""``dbutils`` on a laptop: widgets, and the few other calls that the notebooks make.

Follows https://docs.databricks.com/aws/en/dev-tools/databricks-utils
"""

from __future__ import annotations

import os
from typing import Any, NoReturn


class WidgetNotDefinedError(Exception):
    """A notebook read a widget that is not defined, as on Databricks (InputWidgetNotDefined)."""


class _Widgets:
    """``dbutils.widgets``: a value comes from the default, or from the variable ``LAKELAB_<NAME>``."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:
        self._values.setdefault(name, os.environ.get(f"LAKELAB_{name.upper()}", defaultValue))

    def dropdown(
        self, name: str, defaultValue: str, choices: list[str], label: str | None = None
    ) -> None:
        if defaultValue not in choices:
            raise ValueError(
                f"The default '{defaultValue}' of widget '{name}' is not in {choices}."
            )
        self.text(name, defaultValue)

    combobox = dropdown
    multiselect = dropdown

    def get(self, name: str) -> str:
        if name not in self._values:
            defined = ", ".join(self._values) or "none"
            raise WidgetNotDefinedError(
                f"No input widget named {name} is defined. Defined are: {defined}. "
                f"Define it first: dbutils.widgets.text('{name}', '<default>')."
            )
        return self._values[name]

    def getAll(self) -> dict[str, str]:
        return dict(self._values)

    def remove(self, name: str) -> None:
        self._values.pop(name, None)

    def removeAll(self) -> None:
        self._values.clear()


class _Library:
    """``dbutils.library``."""

    def restartPython(self) -> None:
        """Do nothing: on a laptop, packages are installed before the kernel starts."""


class _Notebook:
    """``dbutils.notebook``."""

    def exit(self, value: str) -> NoReturn:
        raise SystemExit(value)


class LocalDbUtils:
    """The part of ``dbutils`` that the notebooks use; other attributes raise an error.

    Examples
    --------
    >>> dbutils = LocalDbUtils()
    >>> dbutils.widgets.text("top", "3")
    >>> dbutils.widgets.get("top")
    '3'
    >>> dbutils.secrets
    Traceback (most recent call last):
    ...
    AttributeError: dbutils.secrets runs on Databricks only; here there are library, notebook, widgets.
    """

    def __init__(self) -> None:
        self.library = _Library()
        self.notebook = _Notebook()
        self.widgets = _Widgets()

    def __getattr__(self, name: str) -> Any:
        available = ", ".join(sorted(vars(self)))
        raise AttributeError(f"dbutils.{name} runs on Databricks only; here there are {available}.")
