"""What stands for a Databricks workspace, for the official clients.

Sail, the local Unity Catalog and the local workspace are those of a laptop. Here is what they lack, as
few things as lessons need: modules that a runtime has (`runtime_modules`, `delta_tables`), the private
service of the feature store (`feature_store_service`), and places where the open-source packages or Sail
differ from Databricks' (`feature_specs`, `model_registry`, `time_series`). `rehearse` runs lessons on it.
"""
