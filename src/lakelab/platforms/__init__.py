"""The platforms on which the course runs: a laptop, or a Databricks workspace."""
