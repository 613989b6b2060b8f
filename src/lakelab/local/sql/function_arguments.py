"""Arguments and parameters of Unity Catalog's functions, as expressions of sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.functions import Parameter, UnityFunction
from lakelab.local.sql.dialect import parse_expression
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException
    from pyspark.sql.types import DataType
    from sqlglot import exp


def cast_arguments(function: UnityFunction, arguments: list[exp.Expr]) -> dict[str, exp.Expr]:
    """Return the argument of each parameter, cast to the parameter's type.

    Parameters
    ----------
    function : UnityFunction
    arguments : list of Expr
        The arguments of a call, by position or by name.

    Returns
    -------
    dict
        Parameter, in lower case -> its argument.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the arguments are not those that the function takes.

    Examples
    --------
    >>> from sqlglot import parse_one
    >>> from lakelab.local.catalog.functions import SQL
    >>> from lakelab.local.catalog.names import TableName
    >>> parameters = (Parameter("a", "integer"), Parameter("b", "double", default="0.5"))
    >>> add = UnityFunction(TableName.parse("main.f.add"), SQL, "a + b", parameters=parameters)
    >>> call = parse_expression("add(1)")
    >>> {name: value.sql() for name, value in cast_arguments(add, call.expressions).items()}
    {'a': 'CAST(1 AS INT)', 'b': 'CAST(0.5 AS DOUBLE)'}
    """
    return {
        parameter.name.lower(): cast(value, parameter.data_type)
        for parameter, value in _bind(function, arguments)
    }


def cast(value: exp.Expr, data_type: DataType) -> exp.Expr:
    """Return an expression cast to a type of Spark."""
    from sqlglot import exp

    return exp.cast(value, data_type.simpleString(), dialect="databricks")


def typed_null(data_type: DataType) -> exp.Expr:
    """Return a null of a type."""
    from sqlglot import exp

    return cast(exp.null(), data_type)


def wrong_arguments(function: UnityFunction, arguments: str) -> AnalysisException:
    """Return the error for arguments that a function does not take.

    Parameters
    ----------
    function : UnityFunction
    arguments : str
        The arguments, as the message shows them.
    """
    return analysis_error(
        conditions.WRONG_NUM_ARGS_WITHOUT_SUGGESTION,
        f"The arguments {arguments} are not those of {function.signature}. Give each parameter without a "
        f"default one, by position or as name => value.",
    )


def substitute_parameters(
    expression: exp.Expr, values: Mapping[str, exp.Expr], name: str
) -> exp.Expr:
    """Return a SQL function's expression with values instead of its parameters.

    Parameters
    ----------
    expression : Expr
        The function's expression.
    values : mapping of str to Expr
        Parameter, in lower case -> its value.
    name : str
        The function's name, which may stand before a parameter.

    Raises
    ------
    UnityCatalogError
        If the expression names something else.

    Examples
    --------
    >>> from sqlglot import parse_one
    >>> substitute_parameters(parse_one("x + late.x"), {"x": parse_one("1")}, "main.f.late").sql()
    '1 + 1'
    """
    from sqlglot import exp

    def substitute(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        levels = [part.name.lower() for part in node.parts]
        if len(levels) > 1 and levels[-2] == name.rpartition(".")[2]:
            levels = levels[-1:]
        if levels[0] not in values:
            raise UnityCatalogError(
                f"Function '{name}' names '{node.sql('databricks')}', which is none of its "
                f"parameters: {', '.join(values) or 'it has none'}."
            )
        value = values[levels[0]].copy()
        for level in levels[1:]:
            value = exp.Dot(this=value, expression=exp.to_identifier(level))
        return value

    return expression.copy().transform(substitute)


def _bind(function: UnityFunction, arguments: list[exp.Expr]) -> list[tuple[Parameter, exp.Expr]]:
    """Return each parameter with its argument: by position, by name, or its default."""
    from sqlglot import exp

    by_name = {a.this.name.lower(): a.expression for a in arguments if isinstance(a, exp.Kwarg)}
    by_position = [a for a in arguments if not isinstance(a, exp.Kwarg)]
    names = [parameter.name.lower() for parameter in function.parameters]
    if len(by_position) > len(names) or set(by_name) - set(names[len(by_position) :]):
        raise _wrong_arguments(function, arguments)
    bound = []
    for position, parameter in enumerate(function.parameters):
        if position < len(by_position):
            value = by_position[position]
        elif parameter.name.lower() in by_name:
            value = by_name[parameter.name.lower()]
        elif parameter.default is not None:
            value = parse_expression(parameter.default)
        else:
            raise _wrong_arguments(function, arguments)
        bound.append((parameter, value))
    return bound


def _wrong_arguments(function: UnityFunction, arguments: list[exp.Expr]) -> AnalysisException:
    text = ", ".join(argument.sql("databricks") for argument in arguments)
    return wrong_arguments(function, f"({text})")
