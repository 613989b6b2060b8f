"""What a notebook on Databricks has and a laptop lacks."""
