"""Bring the course into a Databricks workspace without Git: ``lakelab upload``.

One module for each question: what is uploaded (`course`), where to (`place`), who asks (`login`),
what is there (`folder`), what is to be done (`plan`), and how it is shown (`report`).
"""
