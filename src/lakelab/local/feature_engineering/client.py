"""``FeatureEngineeringClient``: the methods of the official client, on a laptop.

This module has the signatures and their documentation. Each method is implemented in its own module.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/python-api
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering import online_stores, tables, unsupported
from lakelab.local.feature_engineering.session import active_session
from lakelab.local.feature_engineering.validation import require_no_kwargs

if TYPE_CHECKING:
    from mlflow.models.model import ModelInfo
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
    from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
    from lakelab.local.feature_engineering.entities.feature_spec_info import FeatureSpecInfo
    from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
    from lakelab.local.feature_engineering.entities.online_store import (
        DatabricksOnlineStore,
        PublishedTable,
    )
    from lakelab.local.feature_engineering.training_set import TrainingSet

AWAIT_REGISTRATION_FOR_UNSET = object()
"""The default of ``await_registration_for``: MLflow uses its own default."""


class FeatureEngineeringClient:
    """Create, fill and read feature tables; train and score with them.

    The client works on the active local Spark session. Names of one or two levels are resolved with
    the current catalog and schema.

    Parameters
    ----------
    model_registry_uri : str, optional
        The MLflow registry for models; by default the current registry.
    """

    def __init__(self, *, model_registry_uri: str | None = None):
        self._model_registry_uri = model_registry_uri

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # Python calls this method only for names that the class lacks.
        return unsupported.unsupported_method(name)

    # ---- feature tables --------------------------------------------------------------------------
    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | list[str],
        df: DataFrame | None = None,
        timeseries_column: str | None = None,
        partition_columns: str | list[str] | None = None,
        schema: StructType | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> FeatureTable:
        """Create a feature table atomically, with data or empty.

        If the table exists, its description is returned with a warning, and ``df`` is not written, as
        in the official client.

        Parameters
        ----------
        name : str
            The table.
        primary_keys : str or list of str
            The columns that identify a row; they become NOT NULL.
        df : DataFrame, optional
            The data; its schema becomes the schema of the table.
        timeseries_column : str, optional
            The column with the time from which a row is valid; one of ``primary_keys``.
        partition_columns : str or list of str, optional
        schema : StructType, optional
            The columns of an empty table; with ``df``, the schema of ``df``.
        description : str, optional
            The table's comment.
        tags : dict of str to str, optional
        **kwargs
            The older ``timeseries_columns`` and ``timestamp_keys``.

        Returns
        -------
        FeatureTable

        Raises
        ------
        ValueError
            If the name, the keys, the columns or the data are not valid for a feature table.
        """
        from lakelab.local.feature_engineering.create_table import create_table

        return create_table(
            active_session(),
            name=name,
            primary_keys=primary_keys,
            df=df,
            timeseries_column=timeseries_column,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            tags=tags,
            **kwargs,
        )

    def write_table(
        self,
        *,
        name: str,
        df: DataFrame,
        mode: str = "merge",
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = {"processingTime": "5 seconds"},  # noqa: B006 (the official one)
    ) -> None:
        """Insert the rows with new keys and update those with existing keys, in one Delta commit.

        Columns that ``df`` lacks keep their values (null in new rows). Columns that the table lacks
        are added to it. For a time series table, ``df`` must have all columns of the table.

        Parameters
        ----------
        name : str
            The table.
        df : DataFrame
            The rows, each key once.
        mode : str
            ``"merge"``; there is no other.
        checkpoint_location, trigger
            For streaming DataFrames, which work in a workspace only.

        Raises
        ------
        ValueError
            If the mode, the table, the columns or the keys are invalid; then the table does not change.
        NotImplementedError
            If ``df`` is streaming.
        """
        from lakelab.local.feature_engineering.write_table import write_table

        write_table(active_session(), name=name, df=df, mode=mode)

    def read_table(self, *, name: str, **kwargs: Any) -> DataFrame:
        """Read a feature table.

        Parameters
        ----------
        name : str
            The table.
        **kwargs
            ``as_of_delta_timestamp``: the time of the version to read. SQL reads a version by its
            number: ``SELECT * FROM table VERSION AS OF 0``.

        Raises
        ------
        ValueError
            If the feature table does not exist.
        pyspark.errors.AnalysisException
            If the time is invalid, or before the first or after the last version of the table.
        """
        return tables.read_table(active_session(), name, **kwargs)

    def get_table(self, *, name: str) -> FeatureTable:
        """Describe a feature table.

        Raises
        ------
        ValueError
            If the table does not exist, or has no primary key.
        """
        return tables.get_table(active_session(), name)

    def drop_table(self, *, name: str) -> None:
        """Drop a feature table and its data.

        Raises
        ------
        ValueError
            If the feature table does not exist.
        """
        tables.drop_table(active_session(), name)

    def set_feature_table_tag(self, *, name: str, key: str, value: str) -> None:
        """Set a tag of a feature table; the value replaces an earlier one."""
        tables.set_tag(active_session(), name, key, value)

    def delete_feature_table_tag(self, *, name: str, key: str) -> None:
        """Delete a tag of a feature table; log a warning if the tag does not exist."""
        tables.delete_tag(active_session(), name, key)

    # ---- training and scoring ----------------------------------------------------------------------
    def create_training_set(
        self,
        *,
        df: DataFrame,
        feature_lookups: list[FeatureLookup | FeatureFunction] | None = None,
        feature_spec: str | None = None,
        features: list[Any] | None = None,
        label: str | list[str] | None,
        exclude_columns: list[str] | None = None,
        use_spark_native_join: bool = False,
        use_timeseries_filtering: bool = False,
        **kwargs: Any,
    ) -> TrainingSet:
        """Create a training set from rows and features; its ``load_df()`` looks the features up.

        All lookups are left joins. In a time series table, the lookup returns the newest row at or
        before the time of the DataFrame's row. The inputs of functions are columns of the rows,
        features, or results of other functions.

        Parameters
        ----------
        df : DataFrame
            The rows with lookup keys, labels, and further inputs of the model.
        feature_lookups : list of FeatureLookup and FeatureFunction
            The features.
        feature_spec : str
            The name of a feature spec of :meth:`create_feature_spec`, in place of ``feature_lookups``.
        features
            Declarative features, which work in a workspace only.
        label : str, list of str or None
            The label column(s).
        exclude_columns : list of str, optional
            Columns that are not inputs of the model; a single name can be a string.
        use_spark_native_join, use_timeseries_filtering
            Options for a faster join in a workspace; they have no effect here.

        Returns
        -------
        TrainingSet

        Raises
        ------
        ValueError
            If a table, feature, key, input or label does not exist, names are not unique, or types do
            not match.
        TypeError
            If ``feature_lookups`` is not a list of lookups and functions.
        databricks.sdk.errors.NotFound
            If a function or the feature spec does not exist.
        NotImplementedError
            If ``features`` is given, which works in a workspace only.
        """
        for older in ("hint_low_cardinality_columns", "use_scalable_native_join"):
            kwargs.pop(older, None)  # further options for a faster join
        require_no_kwargs(kwargs, "create_training_set")
        given = {
            "feature_lookups": feature_lookups,
            "feature_spec": feature_spec,
            "features": features,
        }
        named = [name for name, value in given.items() if value is not None]
        if len(named) != 1:
            raise ValueError(
                f"Exactly one of 'feature_lookups', 'feature_spec' or 'features' must be provided, "
                f"not {' and '.join(named) or 'none of them'}."
            )
        if named == ["features"]:
            raise NotImplementedError(
                "create_training_set with 'features' works in a Databricks workspace only. "
                "Here, give 'feature_lookups' or 'feature_spec'."
            )
        if named == ["feature_spec"]:
            from lakelab.local.feature_engineering.feature_specs import (
                create_training_set_from_spec,
            )

            return create_training_set_from_spec(
                active_session(),
                df=df,
                feature_spec=feature_spec,
                label=label,
                exclude_columns=exclude_columns,
            )
        from lakelab.local.feature_engineering.create_training_set import create_training_set

        return create_training_set(
            active_session(),
            df=df,
            feature_lookups=feature_lookups,
            label=label,
            exclude_columns=exclude_columns,
        )

    def create_feature_spec(
        self,
        *,
        name: str,
        features: list[FeatureLookup | FeatureFunction],
        exclude_columns: list[str] | None = None,
        extra_pip_requirements: list[str] | None = None,
    ) -> FeatureSpecInfo:
        """Create a feature spec: lookups and functions under one name, shared by training sets.

        In Unity Catalog a feature spec is a function. In a workspace it can be served, too. Follows
        https://docs.databricks.com/aws/en/machine-learning/feature-store/feature-function-serving

        Parameters
        ----------
        name : str
            The feature spec.
        features : list of FeatureLookup and FeatureFunction
        exclude_columns : list of str, optional
            Columns that only serve as inputs of other columns; a single name can be a string.
        extra_pip_requirements : list of str, optional
            Packages that the functions need beside the runtime; they become requirements of a model
            that is trained with the spec, too.

        Returns
        -------
        FeatureSpecInfo

        Raises
        ------
        ValueError
            If a table, feature, key or input does not exist, names are not unique, or types do not
            match.
        TypeError
            If ``features`` is not a list of lookups and functions.
        databricks.sdk.errors.AlreadyExists
            If a feature spec, a function or a model of this name exists.
        databricks.sdk.errors.NotFound
            If a function does not exist.
        """
        from lakelab.local.feature_engineering.feature_specs import create_feature_spec

        return create_feature_spec(
            active_session(),
            name=name,
            features=features,
            exclude_columns=exclude_columns,
            requirements=extra_pip_requirements,
        )

    def update_feature_spec(self, *, name: str, owner: str) -> None:
        """Change the owner of a feature spec.

        Raises
        ------
        ValueError
            If a name is missing, or is the name of another function.
        databricks.sdk.errors.NotFound
            If the feature spec does not exist.
        """
        from lakelab.local.feature_engineering.feature_specs import update_feature_spec

        update_feature_spec(active_session(), name, owner)

    def delete_feature_spec(self, *, name: str) -> None:
        """Delete a feature spec; its training sets and models stay.

        Raises
        ------
        ValueError
            If the name is missing, or is the name of another function.
        databricks.sdk.errors.NotFound
            If the feature spec does not exist.
        """
        from lakelab.local.feature_engineering.feature_specs import delete_feature_spec

        delete_feature_spec(active_session(), name)

    def log_model(
        self,
        *,
        model: Any,
        artifact_path: str,
        flavor: ModuleType,
        training_set: TrainingSet | None = None,
        registered_model_name: str | None = None,
        await_registration_for: int | None = AWAIT_REGISTRATION_FOR_UNSET,  # type: ignore[assignment]  # the official default
        infer_input_example: bool = False,
        extra_pip_requirements: list[str] | None = None,
        **kwargs: Any,
    ) -> ModelInfo:
        """Log a model with its feature spec, so that scoring needs only the lookup keys.

        The model is logged to the active run, or to a new run that stays active. The dataset inputs of
        the run are the feature tables and their versions.

        Parameters
        ----------
        model : object
            The model, trained on ``training_set.load_df()``.
        artifact_path : str
            The model's name within the run.
        flavor : module
            The MLflow flavor of the model, such as ``mlflow.sklearn``.
        training_set : TrainingSet
            The training set of the model.
        registered_model_name : str, optional
            The name under which the model is registered.
        await_registration_for : int or None, optional
            Seconds to wait until the version is ready.
        infer_input_example : bool
            Whether to store a row of the training set as input example.
        extra_pip_requirements : list of str, optional
            Requirements in addition to the installed versions of the model's libraries.
        **kwargs
            ``output_schema`` (an ``mlflow.types.Schema``, for a training set without label),
            ``params`` (inference parameters and their defaults), ``feature_spec_path``; further
            arguments are passed to ``flavor.save_model``.

        Returns
        -------
        mlflow.models.model.ModelInfo

        Raises
        ------
        ValueError
            If the training set, the flavor or the artifact path is invalid.
        mlflow.exceptions.MlflowException
            If saving or registering fails. All checks that are possible run before the model is
            logged.
        """
        from lakelab.local.feature_engineering.log_model import log_model

        self._use_registry()
        return log_model(
            active_session(),
            model=model,
            artifact_path=artifact_path,
            flavor=flavor,
            training_set=training_set,
            registered_model_name=registered_model_name,
            registration_options={}
            if await_registration_for is AWAIT_REGISTRATION_FOR_UNSET
            else {"await_registration_for": await_registration_for},
            infer_input_example=infer_input_example,
            extra_pip_requirements=extra_pip_requirements,
            **kwargs,
        )

    def score_batch(
        self,
        *,
        model_uri: str,
        df: DataFrame,
        result_type: Any = "double",
        env_manager: str = "local",
        params: dict[str, Any] | None = None,
        use_spark_native_join: bool = False,
        **kwargs: Any,
    ) -> DataFrame:
        """Look up the features of the model for each row, and predict.

        If ``df`` has a column with the name of a feature, the column is used instead of a lookup. Each
        call downloads the model, so that an alias resolves to its current version.

        Parameters
        ----------
        model_uri : str
            ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or ``runs:/<run_id>/<path>`` of
            a model that :meth:`log_model` logged.
        df : DataFrame
            The rows with the lookup keys, and the other columns that the model needs.
        result_type : str or DataType
            Type of the predictions: double, float, int, long, string, boolean, an array of one, or a
            struct of these (``"struct<late: double, why: string>"``). If the model predicts several
            columns, a scalar type takes the first compatible column, an array takes all compatible
            columns, and a struct takes the columns with the names of its fields.
        env_manager : str
            ``"local"``; other values work in a workspace only.
        params : dict, optional
            Inference parameters.
        use_spark_native_join : bool
            An option for a faster join in a workspace; it has no effect here.

        Returns
        -------
        DataFrame
            The columns of ``df``, the looked-up features, and ``prediction``.

        Raises
        ------
        ValueError
            If the model does not exist or was logged without features, a key is missing, or ``df``
            has a column ``prediction``.
        mlflow.exceptions.MlflowException
            If the predictions are not compatible with ``result_type``.
        """
        require_no_kwargs(kwargs, "score_batch")
        from lakelab.local.feature_engineering.score_batch import score_batch

        self._use_registry()
        return score_batch(
            active_session(),
            model_uri=model_uri,
            df=df,
            result_type=result_type,
            env_manager=env_manager,
            params=params,
        )

    # ---- online stores -----------------------------------------------------------------------------
    def create_online_store(
        self,
        *,
        name: str,
        capacity: str,
        read_replica_count: int | None = None,
        usage_policy_id: str | None = None,
    ) -> DatabricksOnlineStore:
        """Create an online store.

        Parameters
        ----------
        name : str
            At most 63 bytes.
        capacity : str
            ``"CU_1"``, ``"CU_2"``, ``"CU_4"`` or ``"CU_8"``.
        read_replica_count : int, optional
            0 to 3; none by default.
        usage_policy_id : str, optional
            The policy to which a workspace attributes the cost.

        Returns
        -------
        DatabricksOnlineStore

        Raises
        ------
        databricks.sdk.errors.AlreadyExists
            If an online store of this name exists.
        databricks.sdk.errors.InvalidParameterValue
            If the name, the capacity or the number of replicas is invalid.
        """
        return online_stores.create_online_store(
            name, capacity, read_replica_count, usage_policy_id
        )

    def get_online_store(self, *, name: str) -> DatabricksOnlineStore | None:
        """Describe an online store; return None if it does not exist."""
        return online_stores.get_online_store(name)

    def list_online_stores(self) -> list[DatabricksOnlineStore]:
        """Describe all online stores."""
        return online_stores.list_online_stores()

    def update_online_store(
        self,
        *,
        name: str,
        capacity: str = online_stores.UNSET,
        read_replica_count: int = online_stores.UNSET,  # type: ignore[assignment]  # the official default
        usage_policy_id: str = online_stores.UNSET,
    ) -> DatabricksOnlineStore:
        """Update an online store; fields that are not given stay the same.

        Raises
        ------
        databricks.sdk.errors.NotFound
            If the online store does not exist.
        """
        return online_stores.update_online_store(
            name,
            {
                "capacity": capacity,
                "read_replica_count": read_replica_count,
                "usage_policy_id": usage_policy_id,
            },
        )

    def delete_online_store(self, *, name: str) -> None:
        """Delete an online store and its online tables.

        Raises
        ------
        databricks.sdk.errors.NotFound
            If the online store does not exist.
        """
        online_stores.delete_online_store(name)

    def publish_table(
        self,
        *,
        online_store: DatabricksOnlineStore,
        source_table_name: str | None = None,
        online_table_name: str | None = None,
        publish_mode: str = online_stores.TRIGGERED,
        filter_condition: str | None = None,
        mode: str = online_stores.MERGE,
        streaming: bool = False,
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = online_stores.DEFAULT_TRIGGER,
        features: str | list[str] | None = None,
        **kwargs: Any,
    ) -> PublishedTable:
        """Publish a feature table to an online store: the latest row for each key.

        Parameters
        ----------
        online_store : DatabricksOnlineStore
            The result of :meth:`create_online_store` or :meth:`get_online_store`.
        source_table_name : str
            The feature table. The key columns must not be nullable.
        online_table_name : str
            The three-level name of the online table.
        publish_mode : str
            ``"TRIGGERED"`` copies the changes since the last publish. ``"CONTINUOUS"`` copies each
            change by itself, here until the process ends. Both need the change data feed of the table.
            ``"SNAPSHOT"`` copies all rows.
        mode : str
            ``"merge"``; there is no other.
        streaming : bool
            The deprecated form of ``publish_mode="CONTINUOUS"``.
        filter_condition, checkpoint_location, trigger, features
            For third-party online stores, which work in a workspace only.
        **kwargs
            The older ``name`` for ``source_table_name``.

        Returns
        -------
        PublishedTable

        Raises
        ------
        ValueError
            If a parameter is missing, invalid, or not for Databricks online stores.
        databricks.sdk.errors.DatabricksError
            If the table cannot be published; the message contains the reason.
        """
        return online_stores.publish_table(
            active_session(),
            online_store=online_store,
            source_table_name=source_table_name,
            online_table_name=online_table_name,
            publish_mode=publish_mode,
            mode=mode,
            streaming=streaming,
            third_party_options={
                "filter_condition": filter_condition,
                "checkpoint_location": checkpoint_location,
                "trigger": None if trigger == online_stores.DEFAULT_TRIGGER else trigger,
                "features": features,
            },
            **kwargs,
        )

    def drop_online_table(self, name: str, online_store: DatabricksOnlineStore) -> None:
        """Raise, as in the official client: ``WorkspaceClient().feature_store.delete_online_table`` deletes one.

        Raises
        ------
        ValueError
            Always, for a Databricks online store.
        """
        online_stores.drop_online_table(online_store)

    def _use_registry(self) -> None:
        if self._model_registry_uri:
            import mlflow

            mlflow.set_registry_uri(self._model_registry_uri)
