"""MLflow's client of Unity Catalog, as Databricks' own build has it where the open-source one differs.

- A model with looked-up features can be registered: the open-source client refuses to read its feature
  dependencies, which are for lineage.
- The model that is registered stays where it was logged: it lies in a folder of this machine, which the
  client would delete after the upload (see `lakelab.mlflow_plugin`); in a workspace it is in the cloud.

And one thing for time only: what a model requires is not worked out in a process of its own, which takes
seconds for each model; it gets the flavor's defaults.
"""

from __future__ import annotations


def register_as_on_databricks() -> None:
    import mlflow
    from mlflow.store._unity_catalog.registry import rest_store

    from lakelab import mlflow_plugin

    rest_store.get_feature_dependencies = lambda model_dir: ""
    mlflow.models.infer_pip_requirements = lambda *given, fallback=None, **others: fallback or []
    careful = mlflow_plugin._careful(mlflow_plugin._mlflows_own())
    mlflow_plugin._mlflows_own = lambda: careful
