"""Build the steps that prepare columns for a model, out of scikit-learn's own.

What imputes and how is chosen by a column's kind, unless the caller says.
Follows https://docs.databricks.com/aws/en/machine-learning/automl/classification-data-prep
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from lakelab.automl.conversions import to_categories, to_date_parts, to_numbers, to_text
from lakelab.automl.errors import AutoMLError
from lakelab.automl.semantic_types import Column

Shape = Literal["linear", "trees"]
"""A linear model wants scaled numbers and one-hot categories; trees take ordinal ones."""

RARE = 20
"""Categories with fewer rows are taken together, by default."""

MOST_COLUMNS = 100
"""A one-hot encoding has no more columns than this for one of the dataset's."""


def preprocessor(
    columns: Sequence[Column],
    shape: Shape,
    imputers: Mapping[str, Any] | None = None,
    rare: int = RARE,
) -> ColumnTransformer:
    """Build what prepares the columns for one kind of model.

    Parameters
    ----------
    columns : sequence of Column
        Those that are ``unused`` are left out.
    shape : {"linear", "trees"}
        The kind of model.
    imputers : mapping of str to str or mapping, optional
        Column -> ``mean``, ``median``, ``most_frequent`` or
        ``{"strategy": "constant", "fill_value": value}``.
    rare : int
        Categories with fewer rows are taken together.

    Returns
    -------
    sklearn.compose.ColumnTransformer

    Raises
    ------
    AutoMLError
        If an imputer is none, or does not go with its column, or if no column is left.

    Examples
    --------
    >>> steps = preprocessor([Column("distance", "numeric"), Column("carrier", "categorical")], "trees")
    >>> [name for name, _, _ in steps.transformers]
    ['numeric', 'categorical']
    """
    steps: list[tuple[str, Any, Any]] = []
    imputers = dict(imputers or {})
    of_kind = {
        kind: [column.name for column in columns if column.kind == kind]
        for kind in ("numeric", "categorical", "datetime", "text")
    }
    if not any(of_kind.values()):
        raise AutoMLError(
            "no column is left to train on: "
            + "; ".join(f"{column.name} {column.warning}" for column in columns)
            + "."
        )
    by_themselves = [name for name in of_kind["numeric"] if name not in imputers]
    if by_themselves:
        steps.append(("numeric", _numeric(shape, {"strategy": "mean"}), by_themselves))
    for name in of_kind["numeric"]:
        if name in imputers:
            how = _imputer(name, imputers[name], numeric=True)
            steps.append((f"numeric_{name}", _numeric(shape, how), [name]))
    by_themselves = [name for name in of_kind["categorical"] if name not in imputers]
    if by_themselves:
        steps.append(("categorical", _categorical(shape, None, rare), by_themselves))
    for name in of_kind["categorical"]:
        if name in imputers:
            how = _imputer(name, imputers[name], numeric=False)
            steps.append((f"categorical_{name}", _categorical(shape, how, rare), [name]))
    if of_kind["datetime"]:
        dates = Pipeline(
            [("parts", FunctionTransformer(to_date_parts)), *_numeric(shape, {}).steps[1:]]
        )
        steps.append(("datetime", dates, of_kind["datetime"]))
    for name in of_kind["text"]:
        steps.append((f"text_{name}", _text(shape), name))
    return ColumnTransformer(steps, sparse_threshold=0)


def describe(columns: Sequence[Column], shape: Shape) -> str:
    """Say in a line how columns are prepared, for a trial's record.

    Examples
    --------
    >>> describe([Column("distance", "numeric"), Column("carrier", "categorical")], "trees")
    'numeric: distance; categorical (ordinal): carrier'
    """
    encoding = "one-hot" if shape == "linear" else "ordinal"
    told = []
    for kind in ("numeric", "categorical", "datetime", "text"):
        names = [column.name for column in columns if column.kind == kind]
        if names:
            how = f" ({encoding})" if kind == "categorical" else ""
            told.append(f"{kind}{how}: {', '.join(names)}")
    return "; ".join(told)


def _numeric(shape: Shape, how: Mapping[str, Any]) -> Pipeline:
    steps: list[tuple[str, Any]] = [
        ("numbers", FunctionTransformer(to_numbers)),
        ("impute", SimpleImputer(**how)),
    ]
    if shape == "linear":
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps)


def _categorical(shape: Shape, how: Mapping[str, Any] | None, rare: int) -> Pipeline:
    steps: list[tuple[str, Any]] = [("categories", FunctionTransformer(to_categories))]
    if how is not None:
        steps.append(("impute", SimpleImputer(missing_values=None, **how)))
    if shape == "linear":
        encoder: Any = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=rare,
            max_categories=MOST_COLUMNS,
            sparse_output=False,
        )
    else:
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
            min_frequency=rare,
        )
    return Pipeline([*steps, ("encode", encoder)])


def _text(shape: Shape) -> Pipeline:
    steps: list[tuple[str, Any]] = [
        ("text", FunctionTransformer(to_text)),
        ("words", TfidfVectorizer(max_features=1000, sublinear_tf=True)),
        ("topics", TruncatedSVD(n_components=8, random_state=0)),
    ]
    if shape == "linear":
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps)


def _imputer(name: str, told: Any, numeric: bool) -> dict[str, Any]:
    strategies = ("mean", "median", "most_frequent") if numeric else ("most_frequent",)
    if isinstance(told, str) and told in strategies:
        return {"strategy": told}
    if (
        isinstance(told, Mapping)
        and told.get("strategy") == "constant"
        and set(told) == {"strategy", "fill_value"}
    ):
        value = told["fill_value"] if numeric else str(told["fill_value"])
        return {"strategy": "constant", "fill_value": value}
    expected = ", ".join(repr(strategy) for strategy in strategies)
    raise AutoMLError(
        f"imputers[{name!r}]={told!r}: a {'numeric' if numeric else 'categorical'} column takes "
        f'{expected} or {{"strategy": "constant", "fill_value": <value>}}.'
    )
