"""Serve a registered model: on a laptop from this process, on Databricks from an endpoint.

A lesson gets an :class:`Endpoint` from ``lab.serve(...)``, and asks it in the words of Databricks' model
serving, whatever is behind it.
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
    """A model that is being served.

    Attributes
    ----------
    name : str
    url : str
        Where to post requests to, in the protocol of ``mlflow models serve``.
    token : str or None
        For ``Authorization: Bearer <token>``; None where databricks-sdk finds one by itself.
    """

    name: str
    url: str
    token: str | None
    _predict: Callable[[Records], list[Any]]
    _lookup: Callable[[str, dict[str, Any]], dict[str, Any] | None]
    _stop: Callable[[], None]

    def predict(self, records: Records) -> list[Any]:
        """Ask for predictions over HTTP.

        Parameters
        ----------
        records : list of dict
            Rows: the lookup keys, what else comes with the request, and features that are not to be
            looked up.

        Returns
        -------
        list
            One prediction for each row.
        """
        return self._predict(records)

    def lookup(self, online_table: str, **key: Any) -> dict[str, Any] | None:
        """Look one row of an online table up, as the endpoint does; None for an unknown key."""
        return self._lookup(online_table, key)

    def stop(self) -> None:
        """End it. On Databricks this deletes the endpoint, which costs as long as it runs."""
        self._stop()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


# ---- laptop ----------------------------------------------------------------------------------------
def on_laptop(home: Home, model_uri: str) -> Endpoint:
    """Serve from this process; the features come from the local online store.

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
        answer = session.post(
            f"{served.url}/invocations", json={"dataframe_records": records}, timeout=60
        )
        if not answer.ok:
            raise ValueError(answer.json().get("message", answer.text))
        return list(answer.json()["predictions"])

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


# ---- Databricks ------------------------------------------------------------------------------------
def on_databricks(spark: SparkSession, model_uri: str) -> Endpoint:
    """Create a serving endpoint for the version that the URI means now, and wait until it is ready.

    It is small and scales to zero. An online table is read through Unity Catalog, which answers more
    slowly than the endpoint's own lookup.

    Follows https://docs.databricks.com/aws/en/machine-learning/model-serving/create-manage-serving-endpoints
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput

    client, name = WorkspaceClient(), endpoint_name(model_uri)
    model, version = _model_version(model_uri)
    entity = ServedEntityInput(
        entity_name=model, entity_version=version, workload_size="Small", scale_to_zero_enabled=True
    )
    there = name in {endpoint.name for endpoint in client.serving_endpoints.list()}
    if there:
        client.serving_endpoints.update_config_and_wait(name, served_entities=[entity])
    else:
        config = EndpointCoreConfigInput(name=name, served_entities=[entity])
        client.serving_endpoints.create_and_wait(name, config=config)

    def predict(records: Records) -> list[Any]:
        answer = client.serving_endpoints.query(name, dataframe_records=records)
        return list(answer.predictions or [])

    def lookup(online_table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        rows = spark.table(online_table)
        for column, value in key.items():
            rows = rows.where(rows[column] == value)
        found = rows.limit(1).collect()
        return found[0].asDict() if found else None

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
    """Read name and version, and find the version where the URI has an alias."""
    from mlflow import MlflowClient

    if told := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", model_uri):
        version = MlflowClient(registry_uri="databricks-uc").get_model_version_by_alias(
            *told.groups()
        )
        return told[1], str(version.version)
    if told := re.fullmatch(r"models:/([^/@]+)/(\d+)", model_uri):
        return told[1], told[2]
    raise ValueError(
        f"'{model_uri}' is no registered model: give models:/<name>@<alias> or models:/<name>/<version>."
    )


def endpoint_name(model_uri: str) -> str:
    """Make a name for the endpoint.

    Examples
    --------
    >>> endpoint_name("models:/main.lakelab_ana.flight_delay@Champion")
    'main-lakelab_ana-flight_delay'
    """
    model = re.sub(r"models:/|runs:/|[@/][^@/]*$", "", model_uri)
    return re.sub(r"[^A-Za-z0-9_-]", "-", model)[:63]
