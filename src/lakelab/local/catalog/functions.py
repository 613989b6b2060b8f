"""The functions of Unity Catalog, kept as files beside the tables of their schema.

``warehouse/catalog/schema/.functions/name.json``: every process that lists the folder sees the same
functions, and a dropped schema takes its functions along. A feature spec is a function of Unity Catalog, too.

Follows https://docs.databricks.com/aws/en/udf/unity-catalog
"""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.object_files import check_file_name, write_file
from lakelab.local.catalog.store import UnityCatalog

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

FOLDER = ".functions"
PYTHON, SQL, FEATURE_SPEC = "PYTHON", "SQL", "FEATURE_SPEC"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function.

    Attributes
    ----------
    name : str
    type_json : Any
        The Spark type, as Spark serializes types in JSON.
    comment : str or None
    default : str or None
        A SQL expression.
    """

    name: str
    type_json: Any
    comment: str | None = None
    default: str | None = None

    @property
    def data_type(self) -> DataType:
        """The type as a pyspark type."""
        return data_type(self.type_json)


@dataclass(frozen=True)
class UnityFunction:
    """A function.

    Attributes
    ----------
    name : TableName
        The three-level name; functions and tables have the same kind of name.
    language : str
        ``PYTHON``, ``SQL``, or ``FEATURE_SPEC`` for a feature spec.
    body : str
        The Python statements, the SQL expression, or the feature spec as YAML.
    parameters : tuple of Parameter
    returns : Any
        The Spark type of the result, in JSON; None for a feature spec.
    comment : str or None
    deterministic : bool
    creator : str
    created_at : int
        Milliseconds since 1970, UTC.
    function_id : str
        A new id each time the function is created or replaced.
    requirements : tuple of str
        The packages of PyPI that a feature spec needs in addition to the runtime.
    """

    name: TableName
    language: str
    body: str
    parameters: tuple[Parameter, ...] = ()
    returns: Any = None
    comment: str | None = None
    deterministic: bool = True
    creator: str = ""
    created_at: int = 0
    function_id: str = ""
    requirements: tuple[str, ...] = ()

    @property
    def return_type(self) -> DataType:
        """The type of the result as a pyspark type."""
        return data_type(self.returns)

    @property
    def signature(self) -> str:
        """The parameters, as an error message shows them."""
        parameters = (f"{p.name} {p.data_type.simpleString().upper()}" for p in self.parameters)
        return f"{self.name}({', '.join(parameters)})"

    def to_json(self) -> str:
        """Serialize the function for its file."""
        return json.dumps({**asdict(self), "name": str(self.name)}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, name: TableName, text: str) -> UnityFunction:
        """Parse the file of a function."""
        attributes = json.loads(text)
        attributes["parameters"] = tuple(Parameter(**p) for p in attributes["parameters"])
        attributes["requirements"] = tuple(attributes["requirements"])
        return cls(**{**attributes, "name": name})


def data_type(type_json: Any) -> DataType:
    """Parse the JSON of a Spark type.

    Examples
    --------
    >>> data_type("long"), data_type({"type": "array", "elementType": "double", "containsNull": True})
    (LongType(), ArrayType(DoubleType(), True))
    """
    from pyspark.sql.types import StructField

    field = {"name": "x", "type": type_json, "nullable": True, "metadata": {}}
    return StructField.fromJson(field).dataType


class Functions:
    """The functions of a Unity Catalog.

    Parameters
    ----------
    unity : UnityCatalog
        The catalog whose folders hold the functions.
    """

    def __init__(self, unity: UnityCatalog):
        self.unity = unity

    # ---- read ---------------------------------------------------------------------------------
    def path(self, name: TableName) -> Path:
        """Return the path of a function's file, whether it exists or not."""
        return self.unity.folder(name.catalog) / name.schema / FOLDER / f"{name.table}.json"

    def exists(self, name: TableName) -> bool:
        return os.path.isfile(self.path(name))  # False for a name that no file can have

    def names(self, catalog: str, schema: str) -> list[TableName]:
        """List the functions of a schema, in order."""
        folder = self.unity.folder(catalog) / schema / FOLDER
        return sorted(TableName(catalog, schema, file.stem) for file in folder.glob("*.json"))

    def short_names(self) -> set[str]:
        """Return the names of all functions, without catalog and schema."""
        return {file.stem for file in self.unity.warehouse.glob(f"*/*/{FOLDER}/*.json")}

    def get(self, name: TableName) -> UnityFunction:
        """Read a function.

        Raises
        ------
        NotFoundError
            If there is no such function; the message lists the functions of the schema.
        UnityCatalogError
            If its file is damaged.
        """
        path = self.path(name)
        try:
            return UnityFunction.from_json(name, path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.unity.require_schema(name.catalog, name.schema)
            existing = ", ".join(f.table for f in self.names(name.catalog, name.schema)) or "none"
            raise NotFoundError(
                f"Function '{name}' does not exist. Functions of schema "
                f"'{name.catalog}.{name.schema}': {existing}."
            ) from None
        except (ValueError, TypeError, KeyError) as error:
            raise UnityCatalogError(
                f"The file of function '{name}' is damaged: {path} ({error}). Delete the file, and "
                f"create the function again."
            ) from error

    # ---- create and drop -----------------------------------------------------------------------
    def create(self, function: UnityFunction, *, replace: bool = False) -> UnityFunction:
        """Create a function; other processes see either the whole function or nothing of it.

        Returns
        -------
        UnityFunction
            The function with its id and the time of its creation.

        Raises
        ------
        AlreadyExistsError
            If the function exists and `replace` is false.
        NotFoundError
            If there is no such schema.
        """
        name = function.name
        schema = self.unity.require_schema(name.catalog, name.schema)
        check_file_name(self.path(name), f"function '{name}'")
        created = replace_fields(
            function, created_at=int(time.time() * 1000), function_id=str(uuid.uuid4())
        )
        with self.unity.locked(name):
            if self.exists(name) and not replace:
                raise AlreadyExistsError(
                    f"Function '{name}' already exists. Choose another name, or say CREATE OR REPLACE "
                    f"FUNCTION, or CREATE FUNCTION IF NOT EXISTS."
                )
            write_file(schema, self.path(name), created.to_json())
        return created

    def drop(self, name: TableName) -> None:
        """Drop a function.

        Raises
        ------
        NotFoundError
            If there is no such function.
        """
        self.get(name)
        with self.unity.locked(name):
            self.path(name).unlink(missing_ok=True)
