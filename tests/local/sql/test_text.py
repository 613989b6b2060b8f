"""Names and values in the text of a SQL statement."""

from __future__ import annotations

import re

import pytest

from lakelab.local.sql.text import (
    LEADING,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    split_name,
    sql_literal,
    statement_pattern,
)


@pytest.mark.parametrize(
    "text", ["", "it's", '"so"', "a\\b", "two\nlines", "`t`", "größe", "-- no comment", "{x}"]
)
def test_literal_of_a_string_is_parsed_to_the_same_string(text):
    assert re.fullmatch(STRING, sql_literal(text), re.DOTALL)
    assert parse_string(sql_literal(text)) == text


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("t", ["t"]),
        ("Main.s.t", ["Main", "s", "t"]),
        ("main.`a.b`.`c``d`", ["main", "a.b", "c`d"]),
        ("`two words`", ["two words"]),
    ],
)
def test_name_is_split_at_the_dots_outside_of_backticks(name, levels):
    assert re.fullmatch(QUALIFIED_NAME, name)
    assert split_name(name) == levels


def test_pattern_matches_a_whole_statement_in_any_case():
    pattern = statement_pattern(rf"DROP TABLE {QUALIFIED_NAME}")
    assert [
        bool(pattern.match(text)) for text in ("drop\n table T ;", "DROP TABLE t x", "DROP TABLEt")
    ] == [
        True,
        False,
        False,
    ]


def test_leading_matches_space_and_comments():
    assert (
        re.match(LEADING, "-- one\n /* two\n */ SELECT 1", re.DOTALL)[0] == "-- one\n /* two\n */ "
    )
