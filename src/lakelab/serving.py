"""Serve a registered model: on a laptop from this process, on Databricks from an endpoint.

A lesson gets an :class:`Endpoint` from ``lab.serve(...)``. Its requests follow the protocol of Databricks'
model serving on both platforms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakelab.local.system.home import Home

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Endpoint:
    """A served model.

    Attributes
    ----------
    name : str
    url : str
        Address for POST requests in the protocol of ``mlflow models serve``.
    token : str or None
        For ``Authorization: Bearer <token>``; None if databricks-sdk finds one by itself.
    """

    name: str
    url: str
    token: str | None
    _predict: Callable[[Records], list[Any]]
    _lookup: Callable[[str, dict[str, Any]], dict[str, Any] | None]
    _stop: Callable[[], None]

    def predict(self, records: Records) -> list[Any]:
        """Request predictions over HTTP.

        Parameters
        ----------
        records : list of dict
            Rows with the lookup keys, the other inputs of the model, and features that override those of
            the online table.

        Returns
        -------
        list
            One prediction for each row.
        """
        return self._predict(records)

    def lookup(self, online_table: str, **key: Any) -> dict[str, Any] | None:
        """Return one row of an online table, as the endpoint looks it up; None for an unknown key."""
        return self._lookup(online_table, key)

    def stop(self) -> None:
        """Stop serving. On Databricks this deletes the endpoint, which costs as long as it runs."""
        self._stop()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def serve_from_process(home: Home, model_uri: str) -> Endpoint:
    """Serve a model from this process, with features from the local online store.

    Raises
    ------
    ServingError, ValueError
        If the model cannot be served.
    """
    import requests

    from lakelab.local.catalog.store import UnityCatalog
    from lakelab.local.online_store import OnlineStores, OnlineTable
    from lakelab.local.serving.model_server import serve

    stores = OnlineStores(home, UnityCatalog(home.warehouse))
    served = serve(home, stores, model_uri)
    session = requests.Session()
    session.trust_env = False  # no proxy on the way to this machine
    session.headers["Authorization"] = f"Bearer {served.token}"
    tables: dict[str, OnlineTable] = {}

    def predict(records: Records) -> list[Any]:
        response = session.post(
            f"{served.url}/invocations", json={"dataframe_records": records}, timeout=60
        )
        if not response.ok:
            raise ValueError(response.json().get("message", response.text))
        return list(response.json()["predictions"])

    def lookup(online_table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        if online_table not in tables:
            tables[online_table] = stores.table(online_table)
        return tables[online_table].lookup(key)

    def stop() -> None:
        served.stop()
        session.close()
        stores.close()

    return Endpoint(
        endpoint_name(model_uri), f"{served.url}/invocations", served.token, predict, lookup, stop
    )


def serve_from_endpoint(spark: SparkSession, model_uri: str) -> Endpoint:
    """Create a serving endpoint for the current version of the URI, and wait until it is ready.

    The endpoint is small and scales to zero. Lookups of online tables go through Unity Catalog, which is
    slower than the endpoint's own lookup.

    Follows https://docs.databricks.com/aws/en/machine-learning/model-serving/create-manage-serving-endpoints
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput

    client, name = WorkspaceClient(), endpoint_name(model_uri)
    model, version = _model_version(model_uri)
    entity = ServedEntityInput(
        entity_name=model, entity_version=version, workload_size="Small", scale_to_zero_enabled=True
    )
    exists = name in {endpoint.name for endpoint in client.serving_endpoints.list()}
    if exists:
        client.serving_endpoints.update_config_and_wait(name, served_entities=[entity])
    else:
        config = EndpointCoreConfigInput(name=name, served_entities=[entity])
        client.serving_endpoints.create_and_wait(name, config=config)

    def predict(records: Records) -> list[Any]:
        response = client.serving_endpoints.query(name, dataframe_records=records)
        return list(response.predictions or [])

    def lookup(online_table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        rows = spark.table(online_table)
        for column, value in key.items():
            rows = rows.where(rows[column] == value)
        row = rows.limit(1).collect()
        return row[0].asDict() if row else None

    host = str(client.config.host).rstrip("/")
    return Endpoint(
        name,
        f"{host}/serving-endpoints/{name}/invocations",
        None,
        predict,
        lookup,
        lambda: client.serving_endpoints.delete(name),
    )


def _model_version(model_uri: str) -> tuple[str, str]:
    """Return the name and the version of a URI. An alias is resolved."""
    from mlflow import MlflowClient

    if match := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", model_uri):
        version = MlflowClient(registry_uri="databricks-uc").get_model_version_by_alias(
            *match.groups()
        )
        return match[1], str(version.version)
    if match := re.fullmatch(r"models:/([^/@]+)/(\d+)", model_uri):
        return match[1], match[2]
    raise ValueError(
        f"'{model_uri}' is no registered model: give models:/<name>@<alias> or models:/<name>/<version>."
    )


def endpoint_name(model_uri: str) -> str:
    """Return the name of a model's endpoint.

    Examples
    --------
    >>> endpoint_name("models:/main.lakelab_ana.flight_delay@Champion")
    'main-lakelab_ana-flight_delay'
    """
    model = re.sub(r"models:/|runs:/|[@/][^@/]*$", "", model_uri)
    return re.sub(r"[^A-Za-z0-9_-]", "-", model)[:63]
