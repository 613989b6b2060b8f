"""Build feature specs with the client's own builder, as the server does on Databricks.

`FeatureEngineeringClient` sends its lookups to the server, which returns a feature spec
(`generate_feature_spec_yaml`). The server's logic is private. The package has a builder for the same spec,
which the legacy `FeatureStoreClient` calls. The double calls this builder, so that official code still
builds the training set. The double also records the request that the server would receive.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

WORKSPACE = 1
"""The id of the workspace, which the notebook's context has on Databricks."""


def build_specs_in_the_client(requests: Path) -> None:
    """Replace the server's answer by the client's builder; append each request to the file `requests`."""
    from databricks.ml_features._catalog_client._catalog_client import CatalogClient
    from databricks.ml_features._catalog_client._catalog_client_helper import CatalogClientHelper
    from databricks.ml_features._databricks_client._databricks_client import DatabricksClient
    from databricks.ml_features._spark_client._spark_client import SparkClient
    from databricks.ml_features.api.proto.feature_catalog_pb2 import GenerateFeatureSpecYaml
    from databricks.ml_features.entities.feature_function import FeatureFunction
    from databricks.ml_features.entities.feature_lookup import FeatureLookup
    from databricks.ml_features.utils import training_scoring_utils as builder
    from google.protobuf.json_format import MessageToDict

    def generate(
        self: Any, features: list[Any], exclude_columns: Any, input_columns: list[str], context: Any
    ) -> str:
        request = GenerateFeatureSpecYaml(
            features=self._convert_features_to_proto(features),
            exclude_columns=[exclude_columns]
            if isinstance(exclude_columns, str)
            else exclude_columns,
            input_columns=input_columns,
        )
        with requests.open("a", encoding="utf-8") as file:
            message = MessageToDict(request, preserving_proto_field_name=True)
            file.write(json.dumps(message) + "\n")
        helper = CatalogClientHelper(self, DatabricksClient(self._get_host_creds))
        lookups = [f for f in features if isinstance(f, FeatureLookup)]
        functions = [f for f in features if isinstance(f, FeatureFunction)]
        tables = builder.get_table_metadata(
            self, helper, SparkClient(), {lookup.table_name for lookup in lookups}, context
        )
        columns = builder.get_column_infos(lookups, functions, tables, df_columns=input_columns)
        add_default_values(lookups, columns.feature_column_infos)
        spec = builder.build_feature_spec(
            lookups,
            tables,
            columns,
            list(request.exclude_columns),
            self.feature_store_workspace_id or WORKSPACE,
        )
        content = spec._to_dict()  # noqa: SLF001 - there is no public way to a dict
        return str(yaml.safe_dump(content, sort_keys=False))

    CatalogClient.generate_feature_spec_yaml = generate


def add_default_values(lookups: list[Any], columns: list[Any]) -> None:
    """Write default values into the spec: the legacy client does not support them."""
    from databricks.ml_features_common.utils.data_type_utils import serialize_default_value

    defaults = {}
    for lookup in lookups:
        # the official lookups and column infos have no public members for default values
        default_values = lookup._default_values or {}  # noqa: SLF001 - official, see above
        for feature, value in default_values.items():
            output_name = lookup._get_output_name(feature)  # noqa: SLF001 - official, see above
            defaults[lookup.table_name, feature, output_name] = value
    for column in columns:
        value = defaults.get((column.table_name, column.feature_name, column.output_name))
        if value is not None:
            column._default_value_str = serialize_default_value(value)  # noqa: SLF001 - see above
