"""The feature spec of a training set: ``feature_spec.yaml``, stored beside the model.

The file has the layout of the official client: every column of the training set with its source, and
the feature tables with their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

FILE = "feature_spec.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader; the one of the C library, if it is installed, is ten times faster."""
_SERIALIZATION_VERSION = 9
_TRAINING_DATA, _FEATURE_STORE, _ON_DEMAND = (
    "training_data",
    "feature_store",
    "on_demand_feature",
)


class FeatureSpecError(Exception):
    """The file is not a valid feature spec; the message contains the reason."""


@dataclass(frozen=True)
class Column:
    """A column of the training set.

    Attributes
    ----------
    name : str
        The name in the training set.
    data_type : str
        The Spark type, as SQL writes it.
    include : bool
        Whether the column is an input of the model. A lookup key can be excluded.
    """

    name: str
    data_type: str
    include: bool = True


@dataclass(frozen=True)
class SourceColumn(Column):
    """A column of the rows."""


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
        """The columns that the lookup needs."""
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
        Each parameter of the function, and the column that is bound to it.
    """

    udf_name: str = ""
    input_bindings: tuple[tuple[str, str], ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the function needs."""
        return tuple(dict.fromkeys(column for _, column in self.input_bindings))


@dataclass(frozen=True)
class InputTable:
    """A feature table, as it was when the training set was created.

    Attributes
    ----------
    name : str
        The three-level name.
    table_id : str
        The Delta table id. It differs if the table was dropped and created again under the same name.
    version : int
        The Delta version that the training set reads.
    lookback_seconds : float or None
        The maximum age of a row.
    """

    name: str
    table_id: str
    version: int
    lookback_seconds: float | None = None


DerivedColumn = FeatureColumn | OnDemandColumn
"""A column that is looked up or computed from other columns."""


@dataclass(frozen=True)
class FeatureSpec:
    """The columns of a training set, in order, and their feature tables."""

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
        """The columns that are looked up, then those that are computed."""
        return [*self.feature_columns, *self.on_demand_columns]

    @property
    def functions(self) -> list[str]:
        """The names of the functions that compute columns, each once, sorted."""
        return sorted({column.udf_name for column in self.on_demand_columns})

    @property
    def model_inputs(self) -> list[str]:
        """The input columns of the model, in the order of the training."""
        return [column.name for column in self.columns if column.include]

    def table(self, name: str) -> InputTable:
        return next(table for table in self.tables if table.name == name)

    def pruned(self) -> FeatureSpec:
        """Return the spec without the excluded columns that no lookup or function needs."""
        needed: set[str] = set()
        derived = self.derived_columns
        pending = [column for column in derived if column.include]
        while pending:
            inputs = {name for column in pending for name in column.inputs} - needed
            needed |= inputs
            pending = [column for column in derived if column.name in inputs]
        columns = tuple(c for c in self.columns if c.include or c.name in needed)
        used = {column.table_name for column in columns if isinstance(column, FeatureColumn)}
        tables = sorted((t for t in self.tables if t.name in used), key=lambda t: t.name)
        return replace(self, columns=columns, tables=tuple(tables))

    # ---- the file ------------------------------------------------------------------------------
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
            If the file does not exist or is not a valid feature spec.
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
        """Serialize the spec to the content of the file.

        Examples
        --------
        >>> FeatureSpec((SourceColumn("origin", "string"),)).to_dict()["input_columns"]
        [{'origin': {'data_type': 'string', 'topological_ordering': 0, 'source': 'training_data'}}]
        """
        order = {name: index for index, name in enumerate(topological_order(self.columns))}
        functions: dict[str, Any] = {"input_functions": [{name: {}} for name in self.functions]}
        return {
            "input_columns": [_column_to_dict(c, order[c.name]) for c in self.columns],
            "input_tables": [_table_to_dict(table) for table in self.tables],
            **(functions if self.functions else {}),
            "serialization_version": _SERIALIZATION_VERSION,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> FeatureSpec:
        """Return the spec that :meth:`to_dict` has serialized."""
        columns = [
            _column_from_dict(*pair) for item in content["input_columns"] for pair in item.items()
        ]
        tables = [
            InputTable(name, item.get("table_id", ""), item.get("version", 0), item.get("lookback_window"))
            for pairs in content.get("input_tables") or []
            for name, item in pairs.items()
        ]  # fmt: skip
        return cls(tuple(columns), tuple(tables))


def topological_order(columns: Sequence[Column]) -> list[str]:
    """Return the names of the columns in an order in which each column follows its inputs.

    Raises
    ------
    ValueError
        If columns depend on each other in a circle, or on a column that does not exist.

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
            listed = ", ".join(f"'{c.name}' (from {', '.join(c.inputs)})" for c in circle)
            raise ValueError(
                f"The columns {listed} cannot be made: they need each other in a circle, or a column "
                f"that is not there."
            )
        # The order of the official client: each function as soon as possible, all ready lookups at once.
        kinds = (SourceColumn, OnDemandColumn, FeatureColumn)
        candidates = next(f for kind in kinds if (f := [c for c in ready if isinstance(c, kind)]))
        candidates.sort(key=lambda column: column.name)
        chosen = candidates if isinstance(candidates[0], FeatureColumn) else candidates[:1]
        done += [column.name for column in chosen]
        pending = [column for column in pending if column not in chosen]
    return done


def _column_to_dict(column: Column, position: int) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if isinstance(column, FeatureColumn):
        content["table_name"] = column.table_name
        content["feature_name"] = column.feature_name
        content["lookup_key"] = list(column.lookup_key)
        if column.timestamp_lookup_key:
            content["timestamp_lookup_key"] = [column.timestamp_lookup_key]
        if column.default_value is not None:
            content["default_value"] = column.default_value
    if isinstance(column, OnDemandColumn):
        content["udf_name"] = column.udf_name
        if column.input_bindings:
            content["input_bindings"] = dict(column.input_bindings)
    content["data_type"] = column.data_type
    if not column.include:
        content["include"] = False
    content["topological_ordering"] = position
    content["source"] = next(
        (source for kind, source in _SOURCES.items() if isinstance(column, kind)), _TRAINING_DATA
    )
    return {column.name: content}


def _column_from_dict(name: str, content: dict[str, Any]) -> Column:
    include = content.get("include", True)
    if content["source"] == _TRAINING_DATA:
        return SourceColumn(name, content["data_type"], include)
    if content["source"] == _ON_DEMAND:
        bindings = tuple((content.get("input_bindings") or {}).items())
        return OnDemandColumn(name, content["data_type"], include, content["udf_name"], bindings)
    if content["source"] != _FEATURE_STORE:
        raise FeatureSpecError(
            f"Column '{name}' comes from '{content['source']}': that works in a Databricks workspace only."
        )
    times = content.get("timestamp_lookup_key") or [None]
    return FeatureColumn(
        name,
        content["data_type"],
        include,
        content["table_name"],
        content["feature_name"],
        tuple(content["lookup_key"]),
        times[0],
        content.get("default_value"),
    )


_SOURCES: dict[type[Column], str] = {FeatureColumn: _FEATURE_STORE, OnDemandColumn: _ON_DEMAND}


def _table_to_dict(table: InputTable) -> dict[str, Any]:
    content: dict[str, Any] = {"table_id": table.table_id, "version": table.version}
    if table.lookback_seconds is not None:
        content["lookback_window"] = table.lookback_seconds
    return {table.name: content}
