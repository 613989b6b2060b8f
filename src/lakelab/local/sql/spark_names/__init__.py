"""The names that Spark gives to result columns without an alias.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select
"""
