"""``FeatureStoreClient``: the methods of the legacy client, on feature tables of Unity Catalog.

The official legacy client still works on these tables. Its methods have older names, accept positional
arguments, and call the current client. It raises an error for everything that Unity Catalog does not
support; so does this client.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/workspace-feature-store/
"""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from lakelab.local.feature_engineering import online_stores, tables
from lakelab.local.feature_engineering.client import (
    AWAIT_REGISTRATION_FOR_UNSET,
    FeatureEngineeringClient,
)
from lakelab.local.feature_engineering.session import active_session
from lakelab.local.feature_engineering.validation import as_list

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
    from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
    from lakelab.local.feature_engineering.entities.feature_spec_info import FeatureSpecInfo
    from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
    from lakelab.local.feature_engineering.training_set import TrainingSet

_logger = logging.getLogger(__name__)

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _deprecated(alternative: str, since: str) -> Callable[[_Method], _Method]:
    """Return a decorator that issues the official deprecation warning at each call."""

    def decorate(method: _Method) -> _Method:
        notice = (
            f"``databricks.feature_store.client.{method.__qualname__}`` is deprecated since {since}. "
            f"This method will be removed in a future release. Use ``{alternative}`` instead."
        )

        @functools.wraps(method)
        def warned(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(notice, category=FutureWarning, stacklevel=2)
            return method(*args, **kwargs)

        return warned  # type: ignore[return-value]  # functools.wraps loses the type

    return decorate


class FeatureStoreClient:
    """The legacy client, based on :class:`FeatureEngineeringClient`.

    Parameters
    ----------
    feature_store_uri : str, optional
        The feature store of another workspace, which does not exist on a laptop.
    model_registry_uri : str, optional
        The MLflow registry for models; by default the current registry.

    Raises
    ------
    NotImplementedError
        If ``feature_store_uri`` is given.

    Examples
    --------
    >>> FeatureStoreClient().add_data_sources(feature_table_name="planes", source_names="faa")
    Traceback (most recent call last):
    ...
    ValueError: add_data_sources is not supported for Unity Catalog tables.
    """

    def __init__(self, feature_store_uri: str | None = None, model_registry_uri: str | None = None):
        if feature_store_uri is not None:
            raise NotImplementedError(
                f"feature_store_uri='{feature_store_uri}' names the feature store of another "
                f"workspace: that works in a Databricks workspace only. Leave it out; tables of "
                f"Unity Catalog are seen by all workspaces."
            )
        self._client = FeatureEngineeringClient(model_registry_uri=model_registry_uri)

    # ---- feature tables --------------------------------------------------------------------------
    @_deprecated("FeatureStoreClient.create_table", since="v0.3.6")
    def create_feature_table(
        self,
        name: str,
        keys: str | list[str],
        features_df: DataFrame | None = None,
        schema: StructType | None = None,
        partition_columns: str | list[str] | None = None,
        description: str | None = None,
        timestamp_keys: str | list[str] | None = None,
        **kwargs: Any,
    ) -> FeatureTable:
        """Create a feature table: the older name of :meth:`create_table`."""
        return self.create_table(
            name,
            keys,
            features_df,
            timestamp_keys=timestamp_keys,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            **kwargs,
        )

    def create_table(
        self,
        name: str,
        primary_keys: str | list[str],
        df: DataFrame | None = None,
        *,
        timestamp_keys: str | list[str] | None = None,
        partition_columns: str | list[str] | None = None,
        schema: StructType | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> FeatureTable:
        """Create a feature table, as :meth:`FeatureEngineeringClient.create_table` does.

        Parameters
        ----------
        name, primary_keys, df, partition_columns, schema, description, tags
            As in :meth:`FeatureEngineeringClient.create_table`.
        timestamp_keys : str or list of str, optional
            The time series column. It is part of the primary key: if ``primary_keys`` lacks it, it is
            added with a warning.
        **kwargs
            ``features_df``, the older name of ``df``.

        Raises
        ------
        ValueError
            If ``df`` is given under both names, or ``path`` is given, which Unity Catalog determines.
        """
        if (older := kwargs.pop("features_df", None)) is not None:
            if df is not None:
                raise ValueError("Either features_df or df can be provided, but not both.")
            _logger.warning('The "features_df" parameter is deprecated. Use "df" instead.')
            df = older
        if kwargs.pop("path", None) is not None:
            raise ValueError("Path argument is not supported for Unity Catalog tables.")
        return self._client.create_table(
            name=name,
            primary_keys=_with_timestamp_keys(as_list(primary_keys), as_list(timestamp_keys)),
            df=df,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            tags=tags,
            timestamp_keys=timestamp_keys,
            **kwargs,
        )

    def register_table(
        self,
        *,
        delta_table: str,
        primary_keys: str | list[str],
        timestamp_keys: str | list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> FeatureTable:
        """Set comment and tags of a feature table whose primary key was declared in SQL.

        Parameters
        ----------
        delta_table : str
            The table.
        primary_keys, timestamp_keys : str or list of str
            The declared keys of the table.
        description : str, optional
            The table's new comment.
        tags : dict of str to str, optional
            Tags to set.

        Raises
        ------
        ValueError
            If the table does not exist, has no declared key, or has another key.
        """
        keys = _with_timestamp_keys(as_list(primary_keys), as_list(timestamp_keys))
        return tables.register_table(
            active_session(), delta_table, keys, as_list(timestamp_keys), description, tags or {}
        )

    def get_table(self, name: str) -> FeatureTable:
        """Describe a feature table."""
        return self._client.get_table(name=name)

    @_deprecated("FeatureStoreClient.get_table", since="v0.3.6")
    def get_feature_table(self, name: str) -> FeatureTable:
        """Describe a feature table: the older name of :meth:`get_table`."""
        return self.get_table(name)

    def drop_table(self, name: str) -> None:
        """Drop a feature table and its data."""
        self._client.drop_table(name=name)

    def read_table(self, name: str, **kwargs: Any) -> DataFrame:
        """Read a feature table, as :meth:`FeatureEngineeringClient.read_table` does."""
        return self._client.read_table(name=name, **kwargs)

    def write_table(
        self,
        name: str,
        df: DataFrame,
        mode: str = "merge",
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = {"processingTime": "5 seconds"},  # noqa: B006 (the official one)
    ) -> None:
        """Write to a feature table: upsert by the key, or overwrite all rows.

        Parameters
        ----------
        name, df, checkpoint_location, trigger
            As in :meth:`FeatureEngineeringClient.write_table`.
        mode : str
            ``"merge"``, or ``"overwrite"``, which the current client no longer has: the rows of ``df``
            replace all rows; key, comments and tags of the table stay.
        """
        from lakelab.local.feature_engineering.write_table import MERGE, OVERWRITE, write_table

        normalized = mode.strip().lower()
        if normalized not in (OVERWRITE, MERGE):
            raise ValueError(f"Unsupported mode '{mode}'. Use one of '{OVERWRITE}', '{MERGE}'")
        write_table(active_session(), name=name, df=df, mode=normalized, modes=(OVERWRITE, MERGE))

    def add_data_sources(
        self, *, feature_table_name: str, source_names: str | list[str], source_type: str = "custom"
    ) -> NoReturn:
        """Raise, as in the official client: Unity Catalog records the lineage of its tables itself."""
        raise ValueError("add_data_sources is not supported for Unity Catalog tables.")

    def delete_data_sources(
        self, *, feature_table_name: str, source_names: str | list[str]
    ) -> NoReturn:
        """Raise, as in the official client: Unity Catalog records the lineage of its tables itself."""
        raise ValueError("delete_data_sources is not supported for Unity Catalog tables.")

    def set_feature_table_tag(self, *, table_name: str, key: str, value: str) -> None:
        """Set a tag of a feature table; the value replaces an earlier one."""
        self._client.set_feature_table_tag(name=table_name, key=key, value=value)

    def delete_feature_table_tag(self, *, table_name: str, key: str) -> None:
        """Delete a tag of a feature table; log a warning if the tag does not exist."""
        self._client.delete_feature_table_tag(name=table_name, key=key)

    # ---- training and scoring ----------------------------------------------------------------------
    def create_training_set(
        self,
        df: DataFrame,
        feature_lookups: list[FeatureLookup | FeatureFunction],
        label: str | list[str] | None,
        exclude_columns: list[str] | None = None,
        **kwargs: Any,
    ) -> TrainingSet:
        """Create a training set, as :meth:`FeatureEngineeringClient.create_training_set` does."""
        return self._client.create_training_set(
            df=df,
            feature_lookups=feature_lookups,
            label=label,
            exclude_columns=exclude_columns,
            **kwargs,
        )

    def log_model(
        self,
        model: Any,
        artifact_path: str,
        *,
        flavor: ModuleType,
        training_set: TrainingSet | None = None,
        registered_model_name: str | None = None,
        await_registration_for: int | None = AWAIT_REGISTRATION_FOR_UNSET,  # type: ignore[assignment]  # the official default
        infer_input_example: bool = False,
        extra_pip_requirements: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Log a model with its feature spec, as :meth:`FeatureEngineeringClient.log_model` does."""
        self._client.log_model(
            model=model,
            artifact_path=artifact_path,
            flavor=flavor,
            training_set=training_set,
            registered_model_name=registered_model_name,
            await_registration_for=await_registration_for,
            infer_input_example=infer_input_example,
            extra_pip_requirements=extra_pip_requirements,
            **kwargs,
        )

    def score_batch(self, model_uri: str, df: DataFrame, result_type: Any = "double") -> DataFrame:
        """Look up the features of the model for each row, and predict."""
        return self._client.score_batch(model_uri=model_uri, df=df, result_type=result_type)

    def create_feature_spec(
        self,
        *,
        name: str,
        features: list[FeatureLookup | FeatureFunction],
        exclude_columns: list[str] | None = None,
        extra_pip_requirements: list[str] | None = None,
    ) -> FeatureSpecInfo:
        """Create a feature spec in Unity Catalog."""
        return self._client.create_feature_spec(
            name=name,
            features=features,
            exclude_columns=exclude_columns,
            extra_pip_requirements=extra_pip_requirements,
        )

    def delete_feature_spec(self, *, name: str) -> None:
        """Delete a feature spec."""
        self._client.delete_feature_spec(name=name)

    # ---- methods that work in a workspace only ------------------------------------------------------
    def publish_table(
        self,
        name: str,
        online_store: Any,
        *,
        filter_condition: str | None = None,
        mode: str = "merge",
        streaming: bool = False,
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = online_stores.DEFAULT_TRIGGER,
        features: str | list[str] | None = None,
    ) -> NoReturn:
        """Raise, because this client publishes to third-party online stores only.

        Raises
        ------
        NotImplementedError
            Always. ``FeatureEngineeringClient().publish_table`` publishes to a Databricks online store.
        """
        raise NotImplementedError(
            "FeatureStoreClient.publish_table publishes to third-party online stores, which works in a "
            "Databricks workspace only. Here, FeatureEngineeringClient().publish_table(online_store=..., "
            "source_table_name=..., online_table_name=...) publishes to a Databricks online store."
        )

    def drop_online_table(self, name: str, online_store: Any) -> None:
        """Raise, as :meth:`FeatureEngineeringClient.drop_online_table` does."""
        self._client.drop_online_table(name, online_store)

    def create_feature_serving_endpoint(
        self, *, name: str | None = None, config: Any = None
    ) -> NoReturn:
        """Raise, because feature serving works in a workspace only."""
        _raise_unsupported("create_feature_serving_endpoint")

    def get_feature_serving_endpoint(self, *, name: str | None = None, **kwargs: Any) -> NoReturn:
        """Raise, because feature serving works in a workspace only."""
        _raise_unsupported("get_feature_serving_endpoint")

    def delete_feature_serving_endpoint(
        self, *, name: str | None = None, **kwargs: Any
    ) -> NoReturn:
        """Raise, because feature serving works in a workspace only."""
        _raise_unsupported("delete_feature_serving_endpoint")


def _raise_unsupported(method: str) -> NoReturn:
    raise NotImplementedError(
        f"FeatureStoreClient.{method} works in a Databricks workspace only. "
        f"Here, a model that was logged with its features is served by WorkspaceClient()."
        f"serving_endpoints."
    )


def _with_timestamp_keys(keys: list[str], times: list[str]) -> list[str]:
    """Return the key with the time series columns that it lacks."""
    missing = [time for time in times if time not in keys]
    for time in missing:
        _logger.warning(
            "Timestamp key '%s' is not included in primary keys. Timestamp keys are also primary keys. "
            "Please include timestamp keys in the future.",
            time,
        )
    return keys + missing
