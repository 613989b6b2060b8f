"""Build the preprocessing of columns from the transformers of scikit-learn.

The semantic type of a column decides its imputer, unless the caller gives one.
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

ModelFamily = Literal["linear", "trees"]
"""Linear models need scaled numbers and one-hot categories; trees take ordinal categories."""

MIN_CATEGORY_ROWS = 20
"""Categories with fewer rows are merged into one, by default."""

MAX_ONE_HOT_COLUMNS = 100
"""The largest number of columns of the one-hot encoding of one column."""


def build_preprocessor(
    columns: Sequence[Column],
    family: ModelFamily,
    imputers: Mapping[str, Any] | None = None,
    min_category_rows: int = MIN_CATEGORY_ROWS,
) -> ColumnTransformer:
    """Build the preprocessing of the columns for one family of models.

    Parameters
    ----------
    columns : sequence of Column
        Columns of the kind ``unused`` are left out.
    family : {"linear", "trees"}
        The family of the model.
    imputers : mapping of str to str or mapping, optional
        Column -> ``mean``, ``median``, ``most_frequent`` or
        ``{"strategy": "constant", "fill_value": value}``.
    min_category_rows : int
        Categories with fewer rows are merged into one.

    Returns
    -------
    sklearn.compose.ColumnTransformer

    Raises
    ------
    AutoMLError
        If an imputer is unknown or does not fit its column, or if no column is left.

    Examples
    --------
    >>> steps = build_preprocessor([Column("distance", "numeric"), Column("carrier", "categorical")], "trees")
    >>> [name for name, _, _ in steps.transformers]
    ['numeric', 'categorical']
    """
    steps: list[tuple[str, Any, Any]] = []
    imputers = dict(imputers or {})
    names_by_kind = {
        kind: [column.name for column in columns if column.kind == kind]
        for kind in ("numeric", "categorical", "datetime", "text")
    }
    if not any(names_by_kind.values()):
        raise AutoMLError(
            "no column is left to train on: "
            + "; ".join(f"{column.name} {column.warning}" for column in columns)
            + "."
        )
    default_columns = [name for name in names_by_kind["numeric"] if name not in imputers]
    if default_columns:
        steps.append(("numeric", _numeric(family, {"strategy": "mean"}), default_columns))
    for name in names_by_kind["numeric"]:
        if name in imputers:
            imputer = _imputer(name, imputers[name], numeric=True)
            steps.append((f"numeric_{name}", _numeric(family, imputer), [name]))
    default_columns = [name for name in names_by_kind["categorical"] if name not in imputers]
    if default_columns:
        steps.append(
            ("categorical", _categorical(family, None, min_category_rows), default_columns)
        )
    for name in names_by_kind["categorical"]:
        if name in imputers:
            imputer = _imputer(name, imputers[name], numeric=False)
            steps.append(
                (f"categorical_{name}", _categorical(family, imputer, min_category_rows), [name])
            )
    if names_by_kind["datetime"]:
        dates = Pipeline(
            [("parts", FunctionTransformer(to_date_parts)), *_numeric(family, {}).steps[1:]]
        )
        steps.append(("datetime", dates, names_by_kind["datetime"]))
    for name in names_by_kind["text"]:
        steps.append((f"text_{name}", _text(family), name))
    return ColumnTransformer(steps, sparse_threshold=0)


def describe_preprocessing(columns: Sequence[Column], family: ModelFamily) -> str:
    """Return one line about the preprocessing, for the summary of a trial.

    Examples
    --------
    >>> describe_preprocessing([Column("distance", "numeric"), Column("carrier", "categorical")], "trees")
    'numeric: distance; categorical (ordinal): carrier'
    """
    encoding = "one-hot" if family == "linear" else "ordinal"
    groups = []
    for kind in ("numeric", "categorical", "datetime", "text"):
        names = [column.name for column in columns if column.kind == kind]
        if names:
            suffix = f" ({encoding})" if kind == "categorical" else ""
            groups.append(f"{kind}{suffix}: {', '.join(names)}")
    return "; ".join(groups)


def _numeric(family: ModelFamily, imputer: Mapping[str, Any]) -> Pipeline:
    steps: list[tuple[str, Any]] = [
        ("numbers", FunctionTransformer(to_numbers)),
        ("impute", SimpleImputer(**imputer)),
    ]
    if family == "linear":
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps)


def _categorical(
    family: ModelFamily, imputer: Mapping[str, Any] | None, min_category_rows: int
) -> Pipeline:
    steps: list[tuple[str, Any]] = [("categories", FunctionTransformer(to_categories))]
    if imputer is not None:
        steps.append(("impute", SimpleImputer(missing_values=None, **imputer)))
    if family == "linear":
        encoder: Any = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=min_category_rows,
            max_categories=MAX_ONE_HOT_COLUMNS,
            sparse_output=False,
        )
    else:
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
            min_frequency=min_category_rows,
        )
    return Pipeline([*steps, ("encode", encoder)])


def _text(family: ModelFamily) -> Pipeline:
    steps: list[tuple[str, Any]] = [
        ("text", FunctionTransformer(to_text)),
        ("words", TfidfVectorizer(max_features=1000, sublinear_tf=True)),
        ("topics", TruncatedSVD(n_components=8, random_state=0)),
    ]
    if family == "linear":
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps)


def _imputer(name: str, strategy: Any, numeric: bool) -> dict[str, Any]:
    strategies = ("mean", "median", "most_frequent") if numeric else ("most_frequent",)
    if isinstance(strategy, str) and strategy in strategies:
        return {"strategy": strategy}
    if (
        isinstance(strategy, Mapping)
        and strategy.get("strategy") == "constant"
        and set(strategy) == {"strategy", "fill_value"}
    ):
        value = strategy["fill_value"] if numeric else str(strategy["fill_value"])
        return {"strategy": "constant", "fill_value": value}
    expected = ", ".join(map(repr, strategies))
    raise AutoMLError(
        f"imputers[{name!r}]={strategy!r}: a {'numeric' if numeric else 'categorical'} column takes "
        f'{expected} or {{"strategy": "constant", "fill_value": <value>}}.'
    )
