"""What a model remembers about its features: ``feature_spec.yaml``, stored beside the model.

The file has the layout that the official client writes, so that whoever knows one can read the
other: every column of the training set with where it comes from, and the tables with their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

FILE = "feature_spec.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""As safe as the other, and ten times as fast where the C library is."""
_SERIALIZATION_VERSION = 9
_TRAINING_DATA, _FEATURE_STORE, _ON_DEMAND = (
    "training_data",
    "feature_store",
    "on_demand_feature",
)


class FeatureSpecError(Exception):
    """The file is not a feature spec; the message says what is wrong with it."""


@dataclass(frozen=True)
class Column:
    """A column of the training set.

    Attributes
    ----------
    name : str
        Its name in the training set.
    data_type : str
        Its Spark type, as SQL writes it.
    include : bool
        Whether the model gets it; a lookup key may be needed and yet excluded.
    """

    name: str
    data_type: str
    include: bool = True


@dataclass(frozen=True)
class SourceColumn(Column):
    """A column that comes with the rows themselves."""


@dataclass(frozen=True)
class FeatureColumn(Column):
    """A column that is looked up in a feature table."""

    table_name: str = ""
    feature_name: str = ""
    lookup_key: tuple[str, ...] = ()
    timestamp_lookup_key: str | None = None
    default_value: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that must be there before this one can be looked up."""
        time = (self.timestamp_lookup_key,) if self.timestamp_lookup_key else ()
        return self.lookup_key + time


@dataclass(frozen=True)
class OnDemandColumn(Column):
    """A column that a Python function of Unity Catalog computes.

    Attributes
    ----------
    udf_name : str
        The function's three-level name.
    input_bindings : tuple of (str, str)
        Each parameter of the function, and the column that it gets.
    """

    udf_name: str = ""
    input_bindings: tuple[tuple[str, str], ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that must be there before this one can be computed."""
        return tuple(dict.fromkeys(column for _, column in self.input_bindings))


@dataclass(frozen=True)
class InputTable:
    """A feature table, as it was when the training set was created.

    Attributes
    ----------
    name : str
        The three-level name.
    table_id : str
        Tells a table that was dropped and created again under the same name.
    version : int
        The Delta version that the training set reads.
    lookback_seconds : float or None
        How old a row may be.
    """

    name: str
    table_id: str
    version: int
    lookback_seconds: float | None = None


DerivedColumn = FeatureColumn | OnDemandColumn
"""A column that is made from others."""


@dataclass(frozen=True)
class FeatureSpec:
    """The columns of a training set, in order, and the tables that they come from."""

    columns: tuple[Column, ...]
    tables: tuple[InputTable, ...] = ()

    @property
    def source_columns(self) -> list[SourceColumn]:
        return [column for column in self.columns if isinstance(column, SourceColumn)]

    @property
    def feature_columns(self) -> list[FeatureColumn]:
        return [column for column in self.columns if isinstance(column, FeatureColumn)]

    @property
    def on_demand_columns(self) -> list[OnDemandColumn]:
        return [column for column in self.columns if isinstance(column, OnDemandColumn)]

    @property
    def derived_columns(self) -> list[DerivedColumn]:
        """What is looked up, then what is computed."""
        return [*self.feature_columns, *self.on_demand_columns]

    @property
    def functions(self) -> list[str]:
        """The functions that compute columns, each once, by name."""
        return sorted({column.udf_name for column in self.on_demand_columns})

    @property
    def model_inputs(self) -> list[str]:
        """The columns that the model gets, in the order in which it was trained on them."""
        return [column.name for column in self.columns if column.include]

    def table(self, name: str) -> InputTable:
        return next(table for table in self.tables if table.name == name)

    def pruned(self) -> FeatureSpec:
        """Leave out what is excluded and not needed to look up or compute anything."""
        needed: set[str] = set()
        made = self.derived_columns
        wanted = [column for column in made if column.include]
        while wanted:
            needs = {name for column in wanted for name in column.inputs} - needed
            needed |= needs
            wanted = [column for column in made if column.name in needs]
        columns = tuple(c for c in self.columns if c.include or c.name in needed)
        used = {column.table_name for column in columns if isinstance(column, FeatureColumn)}
        tables = sorted((t for t in self.tables if t.name in used), key=lambda t: t.name)
        return replace(self, columns=columns, tables=tuple(tables))

    # ---- as a file -----------------------------------------------------------------------------
    def save(self, folder: Path) -> None:
        """Write ``feature_spec.yaml`` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> FeatureSpec:
        """Read ``feature_spec.yaml`` from a folder.

        Raises
        ------
        FeatureSpecError
            If it is not there or cannot be understood.
        """
        path = folder / FILE
        try:
            return cls.from_dict(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise FeatureSpecError(
                f"{path} is not a feature spec that can be read here: {error!r}. "
                f"Log the model again with FeatureEngineeringClient.log_model."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Give the spec as it stands in the file.

        Examples
        --------
        >>> FeatureSpec((SourceColumn("origin", "string"),)).to_dict()["input_columns"]
        [{'origin': {'data_type': 'string', 'topological_ordering': 0, 'source': 'training_data'}}]
        """
        order = {name: place for place, name in enumerate(topological_order(self.columns))}
        functions: dict[str, Any] = {"input_functions": [{name: {}} for name in self.functions]}
        return {
            "input_columns": [_column_to_dict(c, order[c.name]) for c in self.columns],
            "input_tables": [_table_to_dict(table) for table in self.tables],
            **(functions if self.functions else {}),
            "serialization_version": _SERIALIZATION_VERSION,
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> FeatureSpec:
        """Read what :meth:`to_dict` gave."""
        columns = [
            _column_from_dict(*pair) for item in told["input_columns"] for pair in item.items()
        ]
        tables = [
            InputTable(name, item.get("table_id", ""), item.get("version", 0), item.get("lookback_window"))
            for pairs in told.get("input_tables") or []
            for name, item in pairs.items()
        ]  # fmt: skip
        return cls(tuple(columns), tuple(tables))


def topological_order(columns: Sequence[Column]) -> list[str]:
    """Give the columns' names in an order in which one can be made after the other.

    Raises
    ------
    ValueError
        If columns are made from each other in a circle, or from one that is not there.

    Examples
    --------
    >>> topological_order([OnDemandColumn("km", "double", input_bindings=(("a", "miles"),)), SourceColumn("miles", "int")])
    ['miles', 'km']
    """
    pending, done = list(columns), list[str]()
    while pending:
        ready = [c for c in pending if set(getattr(c, "inputs", ())) <= set(done)]
        if not ready:
            circle = [c for c in pending if isinstance(c, DerivedColumn)]
            told = ", ".join(f"'{c.name}' (from {', '.join(c.inputs)})" for c in circle)
            raise ValueError(
                f"The columns {told} cannot be made: they need each other in a circle, or a column "
                f"that is not there."
            )
        # as the official client orders them: a function as soon as it can be computed, lookups together
        kinds = (SourceColumn, OnDemandColumn, FeatureColumn)
        found = next(f for kind in kinds if (f := [c for c in ready if isinstance(c, kind)]))
        found.sort(key=lambda column: column.name)
        taken = found if isinstance(found[0], FeatureColumn) else found[:1]
        done += [column.name for column in taken]
        pending = [column for column in pending if column not in taken]
    return done


def _column_to_dict(column: Column, place: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if isinstance(column, FeatureColumn):
        told["table_name"] = column.table_name
        told["feature_name"] = column.feature_name
        told["lookup_key"] = list(column.lookup_key)
        if column.timestamp_lookup_key:
            told["timestamp_lookup_key"] = [column.timestamp_lookup_key]
        if column.default_value is not None:
            told["default_value"] = column.default_value
    if isinstance(column, OnDemandColumn):
        told["udf_name"] = column.udf_name
        if column.input_bindings:
            told["input_bindings"] = dict(column.input_bindings)
    told["data_type"] = column.data_type
    if not column.include:
        told["include"] = False
    told["topological_ordering"] = place
    told["source"] = next(
        (source for kind, source in _SOURCES.items() if isinstance(column, kind)), _TRAINING_DATA
    )
    return {column.name: told}


def _column_from_dict(name: str, told: dict[str, Any]) -> Column:
    include = told.get("include", True)
    if told["source"] == _TRAINING_DATA:
        return SourceColumn(name, told["data_type"], include)
    if told["source"] == _ON_DEMAND:
        bindings = tuple((told.get("input_bindings") or {}).items())
        return OnDemandColumn(name, told["data_type"], include, told["udf_name"], bindings)
    if told["source"] != _FEATURE_STORE:
        raise FeatureSpecError(
            f"Column '{name}' comes from '{told['source']}': that works in a Databricks workspace only."
        )
    times = told.get("timestamp_lookup_key") or [None]
    return FeatureColumn(
        name,
        told["data_type"],
        include,
        told["table_name"],
        told["feature_name"],
        tuple(told["lookup_key"]),
        times[0],
        told.get("default_value"),
    )


_SOURCES: dict[type[Column], str] = {FeatureColumn: _FEATURE_STORE, OnDemandColumn: _ON_DEMAND}


def _table_to_dict(table: InputTable) -> dict[str, Any]:
    told: dict[str, Any] = {"table_id": table.table_id, "version": table.version}
    if table.lookback_seconds is not None:
        told["lookback_window"] = table.lookback_seconds
    return {table.name: told}
