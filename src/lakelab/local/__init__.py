"""What a laptop lacks: one module or folder for each Databricks service that it answers for."""
