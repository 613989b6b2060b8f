"""The options of Delta's writer, read from a DataFrame write.

Options that Delta does not know are left to the engine, which ignores them as Spark does.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite,
https://docs.databricks.com/aws/en/delta/update-schema and
https://docs.delta.io/latest/delta-batch.html#idempotent-table-writes-in-foreachbatch

Tested in ``tests/local/spark/test_delta_writes.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError

PARTITION_OVERWRITE_MODE = "spark.sql.sources.partitionOverwriteMode"
"""The setting of a session that the option ``partitionOverwriteMode`` overrides."""

_UNSUPPORTED = ("replaceOn", "replaceUsing")
_HANDLED = (
    "replaceWhere",
    "partitionOverwriteMode",
    "overwriteSchema",
    "mergeSchema",
    "dataChange",
    "userMetadata",
    "txnAppId",
    "txnVersion",
    "path",
)
"""Options that a staged write carries out itself."""


@dataclass(frozen=True)
class Transaction:
    """An application's number of a write; the same number is written once.

    Parameters
    ----------
    application : str
        The option ``txnAppId``.
    version : int
        The option ``txnVersion``.
    """

    application: str
    version: int


@dataclass(frozen=True)
class WriteOptions:
    """What the options of a write ask for.

    Attributes
    ----------
    replace_where : str or None
        The condition of the rows that the write replaces.
    partition_overwrite_mode : {'static', 'dynamic'} or None
        None where the session's setting decides.
    overwrite_schema, merge_schema : bool
    data_change : bool
        Whether the write changes the rows for streams that read the table.
    user_metadata : str or None
        A text for the history.
    transaction : Transaction or None
    others : dict of str to str
        The other options, which the engine gets.
    """

    replace_where: str | None
    partition_overwrite_mode: Literal["static", "dynamic"] | None
    overwrite_schema: bool
    merge_schema: bool
    data_change: bool
    user_metadata: str | None
    transaction: Transaction | None
    others: dict[str, str]

    @classmethod
    def read(cls, given: Mapping[str, str]) -> WriteOptions:
        """Read options; their names are not case-sensitive.

        Raises
        ------
        UnityCatalogError
            If a value is not one that Delta allows, or an option is for Databricks only.

        Examples
        --------
        >>> WriteOptions.read({"REPLACEWHERE": "g = 'a'"}).replace_where
        "g = 'a'"
        >>> WriteOptions.read({"mergeSchema": "perhaps"})
        Traceback (most recent call last):
        ...
        lakelab.local.catalog.errors.UnityCatalogError: Invalid value 'perhaps' for option 'mergeSchema', must be 'true' or 'false'
        """
        options = {key.lower(): value for key, value in given.items()}
        for name in _UNSUPPORTED:
            if name.lower() in options:
                raise _runs_on_databricks(name)
        handled = {name.lower() for name in _HANDLED}
        return cls(
            options.get("replacewhere"),
            _partition_overwrite_mode(options),
            _flag(options, "overwriteSchema", default=False),
            _flag(options, "mergeSchema", default=False),
            _flag(options, "dataChange", default=True),
            options.get("usermetadata"),
            _transaction(options),
            {key: value for key, value in given.items() if key.lower() not in handled},
        )


def _flag(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = options.get(name.lower())
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise _illegal(name, value, "must be 'true' or 'false'")
    return value.lower() == "true"


def _partition_overwrite_mode(options: Mapping[str, str]) -> Literal["static", "dynamic"] | None:
    value = options.get("partitionoverwritemode")
    if value is None:
        return None
    if value.lower() == "static":
        return "static"
    if value.lower() == "dynamic":
        return "dynamic"
    raise _illegal("partitionOverwriteMode", value, "must be 'STATIC' or 'DYNAMIC'")


def _transaction(options: Mapping[str, str]) -> Transaction | None:
    application, version = options.get("txnappid"), options.get("txnversion")
    if application is None and version is None:
        return None
    if application is None or version is None:
        raise UnityCatalogError(
            "Invalid options for idempotent Dataframe writes: Both txnAppId and txnVersion must be "
            "specified for idempotent data frame writes",
            condition=conditions.DELTA_INVALID_IDEMPOTENT_WRITES_OPTIONS,
        )
    try:
        return Transaction(application, int(version))
    except ValueError:
        raise UnityCatalogError(
            f"Invalid options for idempotent Dataframe writes: txnVersion must be a whole number, got "
            f"'{version}'",
            condition=conditions.DELTA_INVALID_IDEMPOTENT_WRITES_OPTIONS,
        ) from None


def _illegal(name: str, value: str, explanation: str) -> UnityCatalogError:
    return UnityCatalogError(
        f"Invalid value '{value}' for option '{name}', {explanation}",
        condition=conditions.DELTA_ILLEGAL_OPTION,
    )


def _runs_on_databricks(name: str) -> UnityCatalogError:
    return UnityCatalogError(
        f"The option '{name}' runs on Databricks only. Write the rows with the option replaceWhere, or "
        f"with MERGE.",
        condition=conditions.UNSUPPORTED_FEATURE,
    )
