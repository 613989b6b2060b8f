"""tempo, with which the official client joins as of a time: NULLs get the type of their column.

tempo puts the rows of labels and features below each other, with untyped NULLs in the columns of the
other side. Spark takes the type from the side that has one; Sail 0.7 takes it from the first, and a
column of type `void` is NULL in any expression: a look-back window would then drop nothing.
"""

from __future__ import annotations

from typing import Any


def type_the_nulls() -> None:
    from pyspark.sql import functions as sfn
    from tempo.tsdf import TSDF

    join = TSDF.asofJoin
    types: dict[str, Any] = {}

    def asof_join(self: Any, right: Any, **options: Any) -> Any:
        for side, prefix in ((self, options["left_prefix"]), (right, options["right_prefix"])):
            types.update({f"{prefix}_{field.name}": field.dataType for field in side.df.schema})
        return join(self, right, **options)

    def add_columns(self: Any, names: list[str]) -> Any:
        return TSDF(
            self.df.select("*", *(sfn.lit(None).cast(types[name]).alias(name) for name in names)),
            self.ts_col,
            self.partitionCols,
        )

    TSDF.asofJoin = asof_join
    TSDF._TSDF__addColumnsFromOtherDF = add_columns
