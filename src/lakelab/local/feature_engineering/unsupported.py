"""Methods and classes of the official client that work in a workspace only, and their errors.

A name of the official client must not raise a bare ``AttributeError``. The message must say that the
call exists, where it works, and what works on a laptop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

SUPPORTED_METHODS = (
    "create_table, write_table, read_table, get_table, drop_table, set_feature_table_tag, "
    "delete_feature_table_tag, create_training_set, log_model, score_batch, create_feature_spec, "
    "update_feature_spec, delete_feature_spec, publish_table, "
    "create_online_store, get_online_store, list_online_stores, update_online_store, "
    "delete_online_store, drop_online_table"
)
"""The methods of the client that work on a laptop."""

UNSUPPORTED_METHODS = frozenset(
    """
    aggregate_features backfill_features build_model_env cancel_backfill cancel_operation compute_features
    create_feature create_feature_serving_endpoint create_materialized_view create_stream
    delete_feature delete_feature_serving_endpoint
    delete_materialized_feature delete_stream feature_spec_from_batch_declarative_features
    get_backfill get_feature get_feature_serving_endpoint get_operation get_stream
    grant_feature_serving_access list_features list_materialized_features list_streams
    materialize_features purge_feature_entities register_feature update_stream
    wait_for_backfill
    """.split()  # noqa: SIM905 (a list of quoted strings would be longer, not clearer)
)
"""Methods of the official client (0.12.1 to 0.18.2) that work in a workspace only."""

UNSUPPORTED_NAMES = frozenset(
    """
    Aggregation AggregationFunction ApproxCountDistinct ApproxPercentile Avg AvgFunction
    BackfillRange BackfillState BackfillStatus ColumnSelection ComputeFeaturesRange Count
    CountFunction CronSchedule CronScheduleMode CustomUDF DataFrameSource DataSource
    DeltaTableSource DirectMtlsConfig DirectSchemas Feature
    FeatureAggregations FeatureViewSource FieldDefinition First FirstDistinct FirstFunction FirstN
    Function IngestionConfig IngestionDestination KafkaSource KafkaStreamConfig
    KafkaSubscriptionMode KinesisStreamConfig Last LastDistinct LastFunction LastN
    MaterializedFeaturePipelineScheduleState Max MaxFunction Min MinFunction MtlsConfig
    OfflineStoreConfig OnlineStoreConfig PercentileApprox ProtoSchemaSpec RequestSource
    RollingWindow RowTransformation SawtoothWindow ScalarDataType SchemaConfig SchemaLocator
    SchemaLocatorConfluentSchema SchemaLocatorFormat SchemaRegistryConfig SecretScopeReference
    SlidingWindow SourceLateness StddevPop StddevPopFunction StddevSamp StddevSampFunction Stream
    StreamArnList StreamBackfillSource StreamConnectionConfig StreamNameList StreamSchemaConfig
    StreamSource StreamSourceConfig StreamingMode Sum SumFunction TableTrigger TimeWindow
    TumblingWindow UpgradeClient VarPop VarPopFunction VarSamp VarSampFunction VolumeSource
    Window
    """.split()  # noqa: SIM905 (a list of quoted strings would be longer, not clearer)
)
"""Classes and constants of the official package (0.18.2) that work in a workspace only."""


def unsupported_method(name: str) -> Callable[..., NoReturn]:
    """Return a method that raises ``NotImplementedError``.

    Raises
    ------
    AttributeError
        If the official client does not have the method either.
    """
    if name not in UNSUPPORTED_METHODS:
        raise AttributeError(f"'FeatureEngineeringClient' object has no attribute '{name}'")

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"FeatureEngineeringClient.{name} works in a Databricks workspace only. "
            f"Here these methods work: {SUPPORTED_METHODS}."
        )

    refuse.__name__ = name
    return refuse


def raise_unsupported(module: str, name: str) -> NoReturn:
    """Raise the error for the import of a name that this package lacks.

    Raises
    ------
    ImportError
        If the official package has the name: it works in a workspace only.
    AttributeError
        If the official package does not have the name.
    """
    if name in UNSUPPORTED_NAMES:
        raise ImportError(
            f"'{name}' works in a Databricks workspace only. Here there are DatabricksOnlineStore, "
            f"FeatureEngineeringClient, FeatureLookup, FeatureFunction and FeatureTable.",
            name=name,
        )
    raise AttributeError(f"module '{module}' has no attribute '{name}'")
