"""A test double of a Databricks workspace, for the official clients.

Sail, the local Unity Catalog and the local workspace are those of a laptop. The modules here add only what
the lessons need beyond them: modules of a runtime (`runtime_modules`, `delta_tables`), the private service
of the feature store (`feature_store_service`), and places where the open-source packages or Sail differ
from those of Databricks (`feature_specs`, `model_registry`, `time_series`). `rehearse` runs lessons on the
double.
"""
