"""A securable inherits from its containers."""

from __future__ import annotations

from lakelab.local.catalog.securable import Securable


def test_the_lineage_ends_with_the_securable():
    table = Securable("table", "main.flights.weather")
    assert table.lineage == [
        Securable("catalog", "main"),
        Securable("schema", "main.flights"),
        table,
    ]
    assert Securable("catalog", "main").lineage == [Securable("catalog", "main")]


def test_a_table_and_a_model_of_one_name_have_two_keys():
    assert Securable("table", "a.b.c").key != Securable("function", "a.b.c").key
