"""Upload the course to a Databricks workspace without Git: ``lakelab upload``.

The modules: the items to upload (`course`), the target folder (`target`), the login (`login`), the folder in the
workspace (`folder`) with its record of earlier uploads (`manifest`), the changes (`plan`), and the
output (`report`).
"""
