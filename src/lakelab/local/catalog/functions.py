"""The functions of Unity Catalog, kept as files beside the tables of their schema.

``warehouse/catalog/schema/.functions/name.json``: whoever can list the folder sees the same functions, and
they go with their schema. A feature spec is a function of Unity Catalog, too, and is kept in the same way.

Follows https://docs.databricks.com/aws/en/udf/unity-catalog
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.unfinished import unfinished_name

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

FOLDER = ".functions"
_LONGEST = 255
"""What the file systems of all platforms take."""
PYTHON, SQL, FEATURE_SPEC = "PYTHON", "SQL", "FEATURE_SPEC"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function.

    Attributes
    ----------
    name : str
    type_json : Any
        Its Spark type, as Spark writes types in JSON.
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
        """The type, as pyspark has it."""
        return data_type(self.type_json)


@dataclass(frozen=True)
class UnityFunction:
    """A function.

    Attributes
    ----------
    name : TableName
        Its three-level name; functions have the same kind of name as tables.
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
        Another one each time the function is created or replaced.
    requirements : tuple of str
        What of PyPI a feature spec needs beside the runtime.
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
        """The type of the result, as pyspark has it."""
        return data_type(self.returns)

    @property
    def signature(self) -> str:
        """The parameters, as an error message shows them."""
        told = (f"{p.name} {p.data_type.simpleString().upper()}" for p in self.parameters)
        return f"{self.name}({', '.join(told)})"

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "name": str(self.name)}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, name: TableName, text: str) -> UnityFunction:
        told = json.loads(text)
        parameters = tuple(Parameter(**parameter) for parameter in told.pop("parameters"))
        requirements = tuple(told.pop("requirements"))
        return cls(**{**told, "name": name, "parameters": parameters, "requirements": requirements})


def data_type(type_json: Any) -> DataType:
    """Read a Spark type from its JSON.

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
        Whose folders they are in.
    """

    def __init__(self, unity: UnityCatalog):
        self.unity = unity

    # ---- what is there -----------------------------------------------------------------------
    def path(self, name: TableName) -> Path:
        return self.unity.folder(name.catalog) / name.schema / FOLDER / f"{name.table}.json"

    def exists(self, name: TableName) -> bool:
        return os.path.isfile(self.path(name))  # False for a name that no file can have

    def names(self, catalog: str, schema: str) -> list[TableName]:
        """Give the functions of a schema, in order."""
        folder = self.unity.folder(catalog) / schema / FOLDER
        return sorted(TableName(catalog, schema, file.stem) for file in folder.glob("*.json"))

    def short_names(self) -> set[str]:
        """Give the names of all functions, without catalog and schema."""
        return {file.stem for file in self.unity.warehouse.glob(f"*/*/{FOLDER}/*.json")}

    def get(self, name: TableName) -> UnityFunction:
        """Read a function.

        Raises
        ------
        NotFoundError
            If there is none of that name; the message names those of its schema.
        UnityCatalogError
            If its file is damaged.
        """
        path = self.path(name)
        try:
            return UnityFunction.from_json(name, path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.unity.require_schema(name.catalog, name.schema)
            there = ", ".join(f.table for f in self.names(name.catalog, name.schema)) or "none"
            raise NotFoundError(
                f"Function '{name}' does not exist. Functions of schema "
                f"'{name.catalog}.{name.schema}': {there}."
            ) from None
        except (ValueError, TypeError, KeyError) as error:
            raise UnityCatalogError(
                f"The file of function '{name}' is damaged: {path} ({error}). Delete the file, and "
                f"create the function again."
            ) from error

    # ---- making and removing -------------------------------------------------------------------
    def create(self, function: UnityFunction, *, replace: bool = False) -> UnityFunction:
        """Keep a function: all of it is there for other processes, or nothing.

        Returns
        -------
        UnityFunction
            With its id and the time of its creation.

        Raises
        ------
        AlreadyExistsError
            If there is one of that name, and it is not to be replaced.
        NotFoundError
            If there is no such schema.
        """
        name = function.name
        schema = self.unity.require_schema(name.catalog, name.schema)
        if len(self.path(name).name.encode()) > _LONGEST:
            raise UnityCatalogError(
                f"The name of function '{name}' is too long for a file: take a shorter one."
            )
        told = {"created_at": int(time.time() * 1000), "function_id": str(uuid.uuid4())}
        made = UnityFunction(**{**vars(function), **told})
        staging = schema / f".staging-{unfinished_name()}"  # cleared like that of a table
        with self.unity.locked(name):
            if self.exists(name) and not replace:
                raise AlreadyExistsError(
                    f"Function '{name}' already exists. Choose another name, or say CREATE OR REPLACE "
                    f"FUNCTION, or CREATE FUNCTION IF NOT EXISTS."
                )
            try:
                staging.mkdir()
                draft = staging / self.path(name).name
                draft.write_text(made.to_json(), encoding="utf-8")
                self.path(name).parent.mkdir(exist_ok=True)
                draft.replace(self.path(name))
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        return made

    def drop(self, name: TableName) -> None:
        """Remove a function.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        """
        self.get(name)
        with self.unity.locked(name):
            self.path(name).unlink(missing_ok=True)
