"""Feature specs, which the server writes: here the client's own builder does.

`FeatureEngineeringClient` leaves it to the server to turn lookups into a feature spec
(`generate_feature_spec_yaml`), whose logic is private. The package has a builder for the same spec,
with which the legacy `FeatureStoreClient` goes on: the double calls it, so what a training set is made
of still comes from official code. The request that the server would have got is written down.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

WORKSPACE = 1
"""An id: on Databricks the notebook's context tells it."""


def build_specs_in_the_client(requests: Path) -> None:
    """Answer for the server; each request becomes a line of the file `requests`."""
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
            told = MessageToDict(request, preserving_proto_field_name=True)
            file.write(json.dumps(told) + "\n")
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
        return str(yaml.safe_dump(spec._to_dict(), sort_keys=False))

    CatalogClient.generate_feature_spec_yaml = generate


def add_default_values(lookups: list[Any], columns: list[Any]) -> None:
    """Write default values into the spec, which the legacy client does not know."""
    from databricks.ml_features_common.utils.data_type_utils import serialize_default_value

    defaults = {
        (lookup.table_name, feature, lookup._get_output_name(feature)): value
        for lookup in lookups
        for feature, value in (lookup._default_values or {}).items()
    }
    for column in columns:
        value = defaults.get((column.table_name, column.feature_name, column.output_name))
        if value is not None:
            column._default_value_str = serialize_default_value(value)
