"""Run the body of a Python function of Unity Catalog.

The body is Python with the parameters in scope, and ends in ``return``. A NULL argument is None. The result
is cast to the declared type. The body does not see the notebook that calls the function.

Follows https://docs.databricks.com/aws/en/udf/python
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import PythonException
from pyspark.sql import types

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.udf.casts import cast_to, to_argument

if TYPE_CHECKING:
    import pyarrow as pa

    from lakelab.local.catalog.functions import UnityFunction

_FILE = "<udfbody>"


def compile_body(name: str, parameters: Sequence[str], body: str) -> Callable[..., Any]:
    """Compile a body to a Python function.

    Parameters
    ----------
    name : str
        The name of the function, for errors.
    parameters : sequence of str
        The names in the scope of the body.
    body : str
        The statements.

    Raises
    ------
    UnityCatalogError
        If the body is not valid Python.

    Examples
    --------
    >>> compile_body("main.flights.half", ["x"], "  return x / 2")(3)
    1.5
    >>> compile_body("main.flights.half", ["x"], "return x /")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: The body of function 'main.flights.half' is not valid \
Python: invalid syntax (line 1: return x /).
    """
    try:
        frame = ast.parse(f"def main({', '.join(parameters)}): pass", _FILE)
        # parsed without its frame: the body is not indented again, so quoted text stays as it is
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
        A function in Python.

    Raises
    ------
    UnityCatalogError
        If its body is not valid Python.
    """

    def __init__(self, function: UnityFunction):
        self._function = function
        self._name = str(function.name)
        self._parameters = [parameter.name for parameter in function.parameters]
        self._type = function.return_type
        self._run = compile_body(self._name, self._parameters, function.body)
        self._cast = cast_to(self._type)

    def __reduce__(self) -> tuple[Any, ...]:
        return PythonFunction, (self._function,)  # the compiled body cannot be pickled

    def __call__(self, *arguments: Any) -> Any:
        """Compute one value.

        Raises
        ------
        pyspark.errors.PythonException
            If the body raises, or its result cannot be cast to the declared type; the message contains
            the function and the arguments.
        """
        # `from None`: the message contains the user's part of the cause
        values = [to_argument(value) for value in arguments]
        try:
            returned = self._run(*values)
        except Exception as error:  # noqa: BLE001 (the user's code may raise anything)
            raise self._failed(values, error, _trace(error)) from None
        try:
            return None if returned is None else self._cast(returned)
        except (ValueError, TypeError, ArithmeticError) as error:
            mismatch = TypeError(
                f"it returned {returned!r}, which is no {self._type.simpleString()}: {error}"
            )
            raise self._failed(values, mismatch, "") from None

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
        return pa.array([self(*row) for row in arguments], _arrow_type(self._type))

    def _failed(self, values: Sequence[Any], error: Exception, trace: str) -> PythonException:
        arguments = ", ".join(f"{n}={v!r}" for n, v in zip(self._parameters, values, strict=False))
        stack = f"\n== Stacktrace ==\n{trace}" if trace else ""
        return PythonException(
            message=f"[UDF_USER_CODE_ERROR.GENERIC] Execution of function {self._name}({arguments}) failed.\n"
            f"== Error ==\n{type(error).__name__}: {error}{stack}"
        )


def _trace(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == _FILE]
    return "".join(f'  File "{f.filename}", line {f.lineno}, in {f.name}\n' for f in frames)


# ---- conversion from and to Arrow ----------------------------------------------------------------------
def _to_python(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    values: list[Any] = column.to_pylist()
    if pa.types.is_map(kind):
        return [None if value is None else dict(value) for value in values]
    if pa.types.is_struct(kind):
        return [None if value is None else types.Row(**value) for value in values]
    return values


def _arrow_type(data_type: types.DataType) -> pa.DataType:
    from pyspark.sql.pandas.types import to_arrow_type

    # pyspark 4.2 needs the time zone as an argument, and earlier versions use UTC
    if "timezone" in inspect.signature(to_arrow_type).parameters:
        return to_arrow_type(data_type, timezone="UTC")
    return to_arrow_type(data_type)
