"""Names and values in the text of a SQL statement."""

from __future__ import annotations

import pytest

from lakelab.local.sql.dialect import parse
from lakelab.local.sql.text import sql_literal


@pytest.mark.parametrize(
    "text", ["", "it's", '"so"', "a\\b", "two\nlines", "`t`", "größe", "-- no comment", "{x}"]
)
def test_literal_of_a_string_is_parsed_to_the_same_string(text):
    comment = parse(f"COMMENT ON TABLE t IS {sql_literal(text)}").tree
    assert comment.args["text"] == text
