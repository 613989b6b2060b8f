"""A hyper-parameter study on the flights: the runs of lessons 11 and 13."""

from lakelab.lessons.study_runs.trials import make_study

__all__ = ["make_study"]
