"""Run the body of a Python function of Unity Catalog.

The body is Python with the parameters in scope, and ends in ``return``. A NULL comes to it as None. What
it returns is cast to the declared type. It sees nothing of the notebook that calls it.

Follows https://docs.databricks.com/aws/en/udf/python
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.errors import PythonException
from pyspark.sql import types

from lakelab.local.unity_catalog import UnityCatalogError

if TYPE_CHECKING:
    import pyarrow as pa

    from lakelab.local.functions import UnityFunction

_FILE = "<udfbody>"
_BITS: dict[type[types.DataType], int] = {
    types.ByteType: 8,
    types.ShortType: 16,
    types.IntegerType: 32,
    types.LongType: 64,
}


def compile_body(name: str, parameters: Sequence[str], body: str) -> Callable[..., Any]:
    """Make a Python function of a body.

    Parameters
    ----------
    name : str
        The function's, for errors.
    parameters : sequence of str
        The names that are in scope.
    body : str
        The statements.

    Raises
    ------
    UnityCatalogError
        If this is no Python.

    Examples
    --------
    >>> compile_body("main.flights.half", ["x"], "  return x / 2")(3)
    1.5
    >>> compile_body("main.flights.half", ["x"], "return x /")
    Traceback (most recent call last):
    ...
    lakelab.local.unity_catalog.UnityCatalogError: The body of function 'main.flights.half' is not valid \
Python: invalid syntax (line 1: return x /).
    """
    try:
        frame = ast.parse(f"def main({', '.join(parameters)}): pass", _FILE)
        # parsed apart from its frame: nothing is indented anew, so text in quotes stays as it is
        statements = ast.parse(textwrap.dedent(body), _FILE).body
        main = frame.body[0]
        assert isinstance(main, ast.FunctionDef)
        main.body = statements or main.body
        namespace: dict[str, Any] = {"__name__": "udfbody"}
        exec(compile(frame, _FILE, "exec"), namespace)
    except SyntaxError as error:
        where = f"line {error.lineno}: {(error.text or '').strip()}"
        raise UnityCatalogError(
            f"The body of function '{name}' is not valid Python: {error.msg} ({where})."
        ) from error
    function: Callable[..., Any] = namespace["main"]
    return function


class PythonFunction:
    """A Python function of Unity Catalog, ready to be called.

    Parameters
    ----------
    function : UnityFunction
        Its language is Python.

    Raises
    ------
    UnityCatalogError
        If its body is no Python.
    """

    def __init__(self, function: UnityFunction):
        self._function = function
        self._name = str(function.name)
        self._parameters = [parameter.name for parameter in function.parameters]
        self._type = function.return_type
        self._run = compile_body(self._name, self._parameters, function.body)
        self._cast = cast_to(self._type)

    def __reduce__(self) -> tuple[Any, ...]:
        return PythonFunction, (self._function,)  # what it is compiled to does not travel

    def __call__(self, *arguments: Any) -> Any:
        """Compute one value.

        Raises
        ------
        pyspark.errors.PythonException
            If the body raises, or returns what is not of the declared type; the message names the
            function and what it was given.
        """
        # `from None`: the message tells all of the cause that is the user's, and the rest is ours
        given = [_as_spark_gives(value) for value in arguments]
        try:
            returned = self._run(*given)
        except Exception as error:  # noqa: BLE001 (the user's code: whatever it raises is told)
            raise self._failed(given, error, _trace(error)) from None
        try:
            return None if returned is None else self._cast(returned)
        except (ValueError, TypeError, ArithmeticError) as error:
            told = TypeError(
                f"it returned {returned!r}, which is no {self._type.simpleString()}: {error}"
            )
            raise self._failed(given, told, "") from None

    def over(self, columns: Sequence[pa.ChunkedArray], rows: int) -> pa.Array:
        """Compute a column, row by row.

        Parameters
        ----------
        columns : sequence of pyarrow.ChunkedArray
            A column for each parameter.
        rows : int
            How many rows there are.
        """
        import pyarrow as pa

        values = [_to_python(column) for column in columns]
        arguments = zip(*values, strict=True) if values else ((),) * rows
        return pa.array([self(*given) for given in arguments], _arrow_type(self._type))

    def _failed(self, given: Sequence[Any], error: Exception, trace: str) -> PythonException:
        told = ", ".join(f"{n}={v!r}" for n, v in zip(self._parameters, given, strict=False))
        stack = f"\n== Stacktrace ==\n{trace}" if trace else ""
        return PythonException(
            message=f"[UDF_USER_CODE_ERROR.GENERIC] Execution of function {self._name}({told}) failed.\n"
            f"== Error ==\n{type(error).__name__}: {error}{stack}"
        )


def _trace(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == _FILE]
    return "".join(f'  File "{f.filename}", line {f.lineno}, in {f.name}\n' for f in frames)


# ---- what the body gets --------------------------------------------------------------------------------
def _as_spark_gives(value: Any) -> Any:
    """Give a point in time as Spark gives one to Python: in the session's zone, without naming it."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return bytes(value) if isinstance(value, bytearray) else value


def _to_python(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    values = column.to_pylist()
    if pa.types.is_map(kind):
        return [None if value is None else dict(value) for value in values]
    if pa.types.is_struct(kind):
        return [None if value is None else types.Row(**value) for value in values]
    return values


def _arrow_type(data_type: types.DataType) -> pa.DataType:
    from pyspark.sql.pandas.types import to_arrow_type

    # pyspark 4.2 wants to be told the zone, and its forerunners take UTC by themselves
    if "timezone" in inspect.signature(to_arrow_type).parameters:
        return to_arrow_type(data_type, timezone="UTC")
    return to_arrow_type(data_type)


# ---- what it returns -----------------------------------------------------------------------------------
def cast_to(wanted: types.DataType) -> Callable[[Any], Any]:
    """Give what turns a Python value into one of a Spark type, by the rules of SQL's CAST.

    Raises
    ------
    UnityCatalogError
        If no function can return the type.

    Examples
    --------
    >>> cast_to(types.IntegerType())(2.9), cast_to(types.DoubleType())(1), cast_to(types.StringType())(True)
    (2, 1.0, 'true')
    >>> cast_to(types.ByteType())(300)
    Traceback (most recent call last):
    ...
    OverflowError: 300 is out of range.
    """
    if isinstance(wanted, types.ArrayType):
        return partial(_to_array, _or_none(cast_to(wanted.elementType)))
    if isinstance(wanted, types.MapType):
        key, value = cast_to(wanted.keyType), _or_none(cast_to(wanted.valueType))
        return partial(_to_map, key, value)
    if isinstance(wanted, types.StructType):
        return partial(_to_struct, {f.name: _or_none(cast_to(f.dataType)) for f in wanted.fields})
    if isinstance(wanted, types.DecimalType):
        return partial(_to_decimal, wanted.precision, wanted.scale)
    if (bits := _BITS.get(type(wanted))) is not None:
        return partial(_to_whole, bits)
    if (cast := _SCALARS.get(type(wanted))) is not None:
        return cast
    raise UnityCatalogError(
        f"A Python function cannot return {wanted.simpleString()} on a laptop: give numbers, STRING, "
        f"BOOLEAN, DATE, TIMESTAMP, BINARY, or ARRAY, MAP, STRUCT of these."
    )


def _or_none(cast: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else cast(value)


def _plain(value: Any) -> Any:
    """Give the Python value of a NumPy scalar."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", None) == 0 else value


def _number(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, bool | int | float | Decimal | str):
        return value
    raise TypeError(f"{type(value).__name__} is no number.")


def _to_whole(bits: int, value: Any) -> int:
    value = _number(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise OverflowError(f"{value} is out of range.")
    whole = int(value)
    if not -(2 ** (bits - 1)) <= whole < 2 ** (bits - 1):
        raise OverflowError(f"{value} is out of range.")
    return whole


def _to_decimal(precision: int, scale: int, value: Any) -> Decimal:
    value = _number(value)
    exact = Decimal(int(value) if isinstance(value, bool) else str(value))
    rounded = exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise OverflowError(f"{value} is out of range.")
    return rounded


def _to_text(value: Any) -> str:
    value = _plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_boolean(value: Any) -> bool:
    value = _plain(value)
    if isinstance(value, str):
        if value.strip().lower() not in ("true", "false"):
            raise ValueError("it is neither true nor false.")
        return value.strip().lower() == "true"
    return bool(_number(value))


def _to_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise TypeError(f"{type(value).__name__} is no date.")


def _to_time(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, date):
        raise TypeError(f"{type(value).__name__} is no timestamp.")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    moment: datetime = _as_spark_gives(value)
    return moment


def _to_binary(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"{type(value).__name__} is not binary.")


def _to_array(cast: Callable[[Any], Any], value: Any) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise TypeError(f"{type(value).__name__} is no array.")
    return [cast(element) for element in value]


def _to_map(key: Callable[[Any], Any], cast: Callable[[Any], Any], value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} is no map.")
    return {key(k): cast(v) for k, v in value.items()}


def _to_struct(casts: Mapping[str, Callable[[Any], Any]], value: Any) -> dict[str, Any]:
    if isinstance(value, types.Row):
        value = value.asDict()
    if isinstance(value, tuple | list):
        value = dict(zip(casts, value, strict=True))
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} is no struct.")
    return {name: cast(value.get(name)) for name, cast in casts.items()}


_SCALARS: dict[type[types.DataType], Callable[[Any], Any]] = {
    types.FloatType: lambda value: float(_number(value)),
    types.DoubleType: lambda value: float(_number(value)),
    types.StringType: _to_text,
    types.BooleanType: _to_boolean,
    types.DateType: _to_date,
    types.TimestampType: _to_time,
    types.TimestampNTZType: _to_time,
    types.BinaryType: _to_binary,
}
