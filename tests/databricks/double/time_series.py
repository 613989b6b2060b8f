"""Type the NULLs that tempo adds, the official client's package for point-in-time joins.

tempo unions the rows of labels and features, with untyped NULLs in the columns of the other side. Spark
takes the type from the side that has one. Sail 0.7 takes it from the first side, and a column of type `void`
is NULL in any expression: a look-back window would then drop no rows.
"""

from __future__ import annotations

from typing import Any


def type_the_nulls() -> None:
    """Cast the NULLs that tempo adds to the type of their column."""
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
    # the method that adds the NULLs; its name is mangled by Python
    TSDF._TSDF__addColumnsFromOtherDF = add_columns  # noqa: SLF001 - tempo has no public way
