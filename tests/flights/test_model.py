"""The model of the course."""

from __future__ import annotations

from lakelab import flights


def test_the_model_uses_no_label_and_no_id(raw):
    labels = flights.flight_labels(raw["flights"].head(3000))
    model = flights.train(labels)
    assert set(model.feature_names_in_) == {
        "carrier", "origin", "dest", "distance", "hour", "sched_arr_time", "day_of_week",
    }  # fmt: skip
    assert 0.5 < flights.auc(model, labels) <= 1


def test_the_same_seed_gives_the_same_model(raw):
    labels = flights.flight_labels(raw["flights"].head(3000))
    one, other = flights.train(labels, seed=1), flights.train(labels, seed=1)
    assert (one.predict_proba(labels) == other.predict_proba(labels)).all()
