"""``FeatureEngineeringClient``: the calls of the official client, answered on a laptop.

Each method's work is in a module of its own; here are the signatures and what they promise.

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
"""The default of ``await_registration_for``: MLflow's own."""


class FeatureEngineeringClient:
    """Create, fill and read feature tables; train and score with them.

    Works on the active local Spark session. Names of one or two levels are completed with the
    current catalog and schema.

    Parameters
    ----------
    model_registry_uri : str, optional
        The MLflow registry for models; the current one without it.
    """

    def __init__(self, *, model_registry_uri: str | None = None):
        self._model_registry_uri = model_registry_uri

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # only for names that are not here: those of the official client say where they work
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
        """Create a feature table, with data or empty: all of it, or nothing.

        A table that exists already is returned as it is, with a warning and without writing
        ``df``, as the official client does.

        Parameters
        ----------
        name : str
            The table.
        primary_keys : str or list of str
            The columns that identify a row; they become NOT NULL.
        df : DataFrame, optional
            The data; its schema becomes the table's.
        timeseries_column : str, optional
            The column with the time from which a row holds; one of ``primary_keys``.
        partition_columns : str or list of str, optional
        schema : StructType, optional
            The columns of an empty table; with ``df``, the same as its schema.
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
            If the name, the keys, the columns or the data do not make a feature table.
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
        """Insert the rows with new keys, update those with known ones, in one Delta commit.

        Columns that ``df`` lacks keep their values (null in new rows); columns that the table lacks
        are added to it. A time series table wants all its columns.

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
            If the mode, the table, the columns or the keys are wrong; nothing is written then.
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
            ``as_of_delta_timestamp``: the time as of which to read it. For a version, ask SQL:
            ``SELECT * FROM table VERSION AS OF 0``.

        Raises
        ------
        ValueError
            If there is no such feature table.
        pyspark.errors.AnalysisException
            If the time is none, or before the table's first or after its last version.
        """
        return tables.read_table(active_session(), name, **kwargs)

    def get_table(self, *, name: str) -> FeatureTable:
        """Describe a feature table.

        Raises
        ------
        ValueError
            If there is no such table, or it has no primary key.
        """
        return tables.get_table(active_session(), name)

    def drop_table(self, *, name: str) -> None:
        """Drop a feature table and its data.

        Raises
        ------
        ValueError
            If there is no such feature table.
        """
        tables.drop_table(active_session(), name)

    def set_feature_table_tag(self, *, name: str, key: str, value: str) -> None:
        """Set a tag of a feature table; an older value is replaced."""
        tables.set_tag(active_session(), name, key, value)

    def delete_feature_table_tag(self, *, name: str, key: str) -> None:
        """Delete a tag of a feature table; one that is not there gives a warning."""
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
        """Say which features belong to which rows; ``load_df()`` then looks them up.

        All lookups are left joins; in a time series table the newest row at or before the row's own
        time counts. Functions get columns of the rows, features, or what other functions give.

        Parameters
        ----------
        df : DataFrame
            Lookup keys, labels, and what else the model gets.
        feature_lookups : list of FeatureLookup and FeatureFunction
            The features.
        feature_spec : str
            In place of ``feature_lookups``: what :meth:`create_feature_spec` made.
        features
            Declarative features, which work in a workspace only.
        label : str, list of str or None
            The label column(s).
        exclude_columns : list of str, optional
            Columns that the model does not get; one name as a string will do.
        use_spark_native_join, use_timeseries_filtering
            Ways to speed the join up in a workspace; here it is fast anyhow.

        Returns
        -------
        TrainingSet

        Raises
        ------
        ValueError
            If a table, feature, key, input or label is not there, or names or types clash.
        TypeError
            If ``feature_lookups`` is no list of lookups and functions.
        databricks.sdk.errors.NotFound
            If there is no such function or feature spec.
        NotImplementedError
            For what works in a workspace only.
        """
        for older in ("hint_low_cardinality_columns", "use_scalable_native_join"):
            kwargs.pop(older, None)  # further ways to speed the join up
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
        """Keep features and functions under a name, for training sets to share.

        In Unity Catalog a feature spec is a function. In a workspace it can be served, too. Follows
        https://docs.databricks.com/aws/en/machine-learning/feature-store/feature-function-serving

        Parameters
        ----------
        name : str
            The feature spec.
        features : list of FeatureLookup and FeatureFunction
        exclude_columns : list of str, optional
            Columns that only serve to make others; one name as a string will do.
        extra_pip_requirements : list of str, optional
            What the functions need beside the runtime; a model that is trained with the spec gets
            them, too.

        Returns
        -------
        FeatureSpecInfo

        Raises
        ------
        ValueError
            If a table, feature, key or input is not there, or names or types clash.
        TypeError
            If ``features`` is no list of lookups and functions.
        databricks.sdk.errors.AlreadyExists
            If there is a feature spec, a function or a model of that name.
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
        """Give a feature spec another owner.

        Raises
        ------
        ValueError
            If a name is missing, or names a function that is no feature spec.
        databricks.sdk.errors.NotFound
            If there is none of that name.
        """
        from lakelab.local.feature_engineering.feature_specs import update_feature_spec

        update_feature_spec(active_session(), name, owner)

    def delete_feature_spec(self, *, name: str) -> None:
        """Delete a feature spec; training sets and models that were made with it stay.

        Raises
        ------
        ValueError
            If the name is missing, or names a function that is no feature spec.
        databricks.sdk.errors.NotFound
            If there is none of that name.
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
        await_registration_for: int | None = AWAIT_REGISTRATION_FOR_UNSET,  # type: ignore[assignment]
        infer_input_example: bool = False,
        extra_pip_requirements: list[str] | None = None,
        **kwargs: Any,
    ) -> ModelInfo:
        """Log a model with its feature spec, so that scoring needs the keys alone.

        In the active run, or in a new one that stays active. The run gets the feature tables and
        their versions as dataset inputs.

        Parameters
        ----------
        model : object
            Trained on ``training_set.load_df()``.
        artifact_path : str
            The model's name within the run.
        flavor : module
            The MLflow flavor that saves it, such as ``mlflow.sklearn``.
        training_set : TrainingSet
            What it was trained on.
        registered_model_name : str, optional
            Register it under this name.
        await_registration_for : int or None, optional
            Seconds to wait until the version is ready.
        infer_input_example : bool
            Store a row of the training set as input example.
        extra_pip_requirements : list of str, optional
            Requirements beside the installed versions of what the model uses.
        **kwargs
            ``output_schema`` (an ``mlflow.types.Schema``, for a training set without label),
            ``params`` (inference parameters and their defaults), ``feature_spec_path``; all else goes
            to ``flavor.save_model``.

        Returns
        -------
        mlflow.models.model.ModelInfo

        Raises
        ------
        ValueError
            If training set, flavor or artifact path are wrong.
        mlflow.exceptions.MlflowException
            If saving or registering fails. What can be known before is refused before anything is
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
            waiting={}
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
        """Look the model's features up for each row, and predict.

        A feature that ``df`` has as a column is taken from there. The model is fetched at every
        call: an alias means what it means now.

        Parameters
        ----------
        model_uri : str
            ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or ``runs:/<run_id>/<path>`` of
            a model that :meth:`log_model` logged.
        df : DataFrame
            The lookup keys, and what else the model got from the rows themselves.
        result_type : str or DataType
            Type of the predictions: double, float, int, long, string, boolean, an array of one, or a
            struct of these (``"struct<late: double, why: string>"``). Of several columns that a model
            predicts, the first that fits counts, an array has all that fit, a struct those that it
            names.
        env_manager : str
            ``"local"``; others work in a workspace only.
        params : dict, optional
            Inference parameters.
        use_spark_native_join : bool
            A way to speed the join up in a workspace.

        Returns
        -------
        DataFrame
            The columns of ``df``, the features looked up, and ``prediction``.

        Raises
        ------
        ValueError
            If the model is not there or was logged without features, a key is missing, or ``df``
            has a column ``prediction``.
        mlflow.exceptions.MlflowException
            If the predictions do not fit ``result_type``.
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
            What its cost is booked on in a workspace.

        Returns
        -------
        DatabricksOnlineStore

        Raises
        ------
        databricks.sdk.errors.AlreadyExists
            If there is one of that name.
        databricks.sdk.errors.InvalidParameterValue
            If name, capacity or number of replicas are not valid.
        """
        return online_stores.create_online_store(
            name, capacity, read_replica_count, usage_policy_id
        )

    def get_online_store(self, *, name: str) -> DatabricksOnlineStore | None:
        """Describe an online store; None if there is none of that name."""
        return online_stores.get_online_store(name)

    def list_online_stores(self) -> list[DatabricksOnlineStore]:
        """Describe all online stores."""
        return online_stores.list_online_stores()

    def update_online_store(
        self,
        *,
        name: str,
        capacity: str = online_stores.UNSET,
        read_replica_count: int = online_stores.UNSET,  # type: ignore[assignment]
        usage_policy_id: str = online_stores.UNSET,
    ) -> DatabricksOnlineStore:
        """Change an online store; what is not given stays.

        Raises
        ------
        databricks.sdk.errors.NotFound
            If there is none of that name.
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
        """Delete an online store, with the online tables in it.

        Raises
        ------
        databricks.sdk.errors.NotFound
            If there is none of that name.
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
            What :meth:`create_online_store` or :meth:`get_online_store` returned.
        source_table_name : str
            The feature table. Its key must not be nullable.
        online_table_name : str
            The three-level name of the online table.
        publish_mode : str
            ``"TRIGGERED"`` copies what changed since the last publish, ``"CONTINUOUS"`` goes on by
            itself, here until the process ends; both need the table's change data feed.
            ``"SNAPSHOT"`` copies everything.
        mode : str
            ``"merge"``; there is no other.
        streaming : bool
            The older way to say ``publish_mode="CONTINUOUS"``.
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
            If a parameter is missing, wrong or not for Databricks online stores.
        databricks.sdk.errors.DatabricksError
            If the table cannot be published; the message says why.
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
        """Refuse, as officially: ``WorkspaceClient().feature_store.delete_online_table`` deletes one.

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
