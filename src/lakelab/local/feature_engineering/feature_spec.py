"""What a model remembers about its features: ``feature_spec.yaml``, stored beside the model.

The file has the layout that the official client writes, so that whoever knows one can read the
other: every column of the training set with where it comes from, and the tables with their ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

FILE = "feature_spec.yaml"
_SERIALIZATION_VERSION = 9
_TRAINING_DATA, _FEATURE_STORE = "training_data", "feature_store"


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
    def needs(self) -> tuple[str, ...]:
        """The columns that must be there before this one can be looked up."""
        time = (self.timestamp_lookup_key,) if self.timestamp_lookup_key else ()
        return self.lookup_key + time


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
    def model_inputs(self) -> list[str]:
        """The columns that the model gets, in the order in which it was trained on them."""
        return [column.name for column in self.columns if column.include]

    def table(self, name: str) -> InputTable:
        return next(table for table in self.tables if table.name == name)

    def trimmed(self) -> FeatureSpec:
        """Leave out what is excluded and not needed to look anything up."""
        needed: set[str] = set()
        features = [column for column in self.feature_columns if column.include]
        while features:
            needs = {name for feature in features for name in feature.needs} - needed
            needed |= needs
            features = [column for column in self.feature_columns if column.name in needs]
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
            return cls.from_dict(yaml.safe_load(path.read_text(encoding="utf-8")))
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
        [{'origin': {'data_type': 'string', 'source': 'training_data'}}]
        """
        return {
            "input_columns": [_column_to_dict(column) for column in self.columns],
            "input_tables": [_table_to_dict(table) for table in self.tables],
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


def _column_to_dict(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if isinstance(column, FeatureColumn):
        told["table_name"] = column.table_name
        told["feature_name"] = column.feature_name
        told["lookup_key"] = list(column.lookup_key)
        if column.timestamp_lookup_key:
            told["timestamp_lookup_key"] = [column.timestamp_lookup_key]
        if column.default_value is not None:
            told["default_value"] = column.default_value
    told["data_type"] = column.data_type
    if not column.include:
        told["include"] = False
    told["source"] = _FEATURE_STORE if isinstance(column, FeatureColumn) else _TRAINING_DATA
    return {column.name: told}


def _column_from_dict(name: str, told: dict[str, Any]) -> Column:
    include = told.get("include", True)
    if told["source"] == _TRAINING_DATA:
        return SourceColumn(name, told["data_type"], include)
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


def _table_to_dict(table: InputTable) -> dict[str, Any]:
    told: dict[str, Any] = {"table_id": table.table_id, "version": table.version}
    if table.lookback_seconds is not None:
        told["lookback_window"] = table.lookback_seconds
    return {table.name: told}
