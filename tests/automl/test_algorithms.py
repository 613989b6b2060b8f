"""The algorithms of the trials."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from lakelab.automl.algorithms import Rows, algorithms


@pytest.mark.parametrize("problem", ["classify", "regress"])
def test_each_algorithm_trains_with_its_initial_parameters(problem):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3))
    y = np.where(x[:, 0] > 0, "late", "on time") if problem == "classify" else x[:, 0]
    train, validate = Rows(x[:150], y[:150]), Rows(x[150:], y[150:])
    for algorithm in algorithms(problem):
        estimator = algorithm.build(algorithm.initial_params, problem, False)
        assert algorithm.fit(estimator, train, validate).predict(x).shape == (200,), algorithm.name


@pytest.mark.parametrize("problem", ["classify", "regress"])
def test_the_initial_parameters_lie_in_the_search_space(problem):
    for algorithm in algorithms(problem):
        prefix = "linear" if algorithm.family == "linear" else algorithm.name
        fixed = {f"{prefix}_{name}": value for name, value in algorithm.initial_params.items()}
        trial = optuna.trial.FixedTrial(fixed)
        assert algorithm.search(trial) == algorithm.initial_params, algorithm.name
