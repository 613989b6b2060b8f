"""MLflow's client of Unity Catalog, changed where Databricks' own build differs from the open-source one.

- The open-source client cannot register a model with feature lookups: it refuses to read the feature
  dependencies, which are for lineage. The double removes this check.
- The client deletes its download of a model after the upload. Here the download is the logged model
  itself, in a local folder (see `lakelab.mlflow_plugin`); in a workspace it is in cloud storage. The
  double keeps the logged model.

To save time, the double also replaces the inference of pip requirements, which takes seconds for each model
in a process of its own, by the defaults of the flavor.
"""

from __future__ import annotations


def register_as_on_databricks() -> None:
    """Change MLflow's client in this process as the docstring of this module says."""
    import mlflow
    from mlflow.store._unity_catalog.registry import rest_store

    from lakelab import mlflow_plugin

    rest_store.get_feature_dependencies = lambda model_dir: ""
    mlflow.models.infer_pip_requirements = lambda *args, fallback=None, **kwargs: fallback or []
    careful = mlflow_plugin.copying_store(mlflow_plugin.official_store())
    mlflow_plugin.official_store = lambda: careful
