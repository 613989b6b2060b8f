"""Securables of Unity Catalog: the objects that privileges are granted on.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from dataclasses import dataclass

# A registered model is a subtype of function: its grants go by that type.
# https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/
_LABELS = {
    "catalog": "Catalog",
    "schema": "Schema",
    "table": "Table",
    "function": "Routine or Model",
}


@dataclass(frozen=True)
class Securable:
    """A catalog, schema, table or function (a model is one), by its full name in lower case.

    Examples
    --------
    >>> [str(s) for s in Securable("function", "main.flights.delay").lineage]
    ["Catalog 'main'", "Schema 'main.flights'", "Routine or Model 'main.flights.delay'"]
    """

    kind: str
    name: str

    @property
    def lineage(self) -> list[Securable]:
        """The containers that the securable inherits privileges from, and at the end the securable."""
        parts = self.name.split(".")
        parents = [
            Securable(kind, ".".join(parts[: level + 1]))
            for level, kind in enumerate(("catalog", "schema")[: len(parts) - 1])
        ]
        return [*parents, self]

    @property
    def key(self) -> str:
        """The key of the securable in the file of owners and grants."""
        return f"{self.kind} {self.name}"

    def __str__(self) -> str:
        return f"{_LABELS[self.kind]} '{self.name}'"
