"""lakelab: the Databricks Machine Learning section of the exam, seen working."""
