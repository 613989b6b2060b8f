"""A hyper-parameter study on the flights: the runs that lesson 11 searches and lesson 13 shows.

This code uses the ordinary MLflow client, on Databricks as on a laptop. Every run is really trained and
evaluated, and every failure is a real one. The same data and seeds give the same parameters and metrics
each time.
"""

from lakelab.lessons.study_runs.study import make_study

__all__ = ["make_study"]
