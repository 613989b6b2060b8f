"""The lessons run in any company; each alone in a fresh home is `pytest --nbmake notebooks`."""

from __future__ import annotations

from .conftest import ALL, run


def test_all_in_order_in_one_home_each_twice_in_a_row(tmp_path):
    run(tmp_path, *[number for number in ALL for _ in range(2)])
