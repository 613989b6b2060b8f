"""A training set: rows, their features, and the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.table import UnityTable
from lakelab.local.feature_engineering.add_features import add_features
from lakelab.local.feature_engineering.feature_spec import FeatureSpec, InputTable
from lakelab.local.spark.results import as_dataframe

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.functions import UnityFunction
    from lakelab.local.spark.session import LocalSparkSession


class TrainingSet:
    """The result of ``FeatureEngineeringClient.create_training_set``, which creates all training sets.

    The training set keeps the versions of the feature tables, and the functions, of the time when it was
    created. So each ``load_df`` returns the same features, and the lineage of a model contains the
    versions of its training.
    """

    def __init__(
        self,
        spark: LocalSparkSession,
        df: DataFrame,
        feature_spec: FeatureSpec,
        labels: list[str],
        functions: Mapping[str, UnityFunction] | None = None,
        requirements: tuple[str, ...] = (),
    ):
        self._spark = spark
        self._df = df
        self._feature_spec = feature_spec
        self._labels = labels
        self._functions = functions or {}
        self._pip_requirements = requirements
        self._label_types = {name: type_ for name, type_ in df.dtypes if name in labels}

    @property
    def feature_spec(self) -> FeatureSpec:
        """The columns of the training set, with the source of each."""
        return self._feature_spec

    @property
    def label_types(self) -> dict[str, str]:
        """Label -> its Spark type."""
        return self._label_types

    @property
    def pip_requirements(self) -> tuple[str, ...]:
        """The packages that the functions of a feature spec need."""
        return self._pip_requirements

    def get_output_columns(self) -> list[str]:
        """Return the names of the columns of :meth:`load_df`, in order."""
        return self._feature_spec.model_inputs + self._labels

    def load_df(self) -> DataFrame:
        """Look up and compute the features.

        Returns
        -------
        DataFrame
            The columns of ``df`` that are not excluded, the features in the order of the lookups,
            those of functions in the order of the functions, then the labels. The rows are those of
            ``df``, in the same order.

        Raises
        ------
        ValueError
            If a feature table was dropped since the training set was created.
        pyspark.errors.PythonException
            If a function fails; the message contains the name and the input values of the function.
        """
        rows = self.rows_with_features()
        return as_dataframe(self._spark, rows.select(self.get_output_columns()))

    def rows_with_features(self, limit: int | None = None) -> pa.Table:
        """Return all columns of ``df``, and the features after them, for the first or all rows."""
        tables = {table.name: self._open(table) for table in self._feature_spec.tables}
        df = self._df if limit is None else self._df.limit(limit)
        return add_features(df.toArrow(), self._feature_spec, tables, self._functions)

    def _open(self, table: InputTable) -> UnityTable:
        name = TableName.parse(table.name)
        try:
            same = str(self._spark.unity.table(name).delta.metadata().id) == table.table_id
        except NotFoundError:
            same = False
        if not same:
            raise ValueError(
                f"The feature table '{name}' was dropped since this training set was created. "
                f"Create the training set again."
            )
        return self._spark.unity.table(name, table.version)
