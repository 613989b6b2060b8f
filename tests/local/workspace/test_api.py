"""Parameters of REST calls, and pages of lists."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import ApiError
from lakelab.local.workspace.api import Call, paginate


def call(**parameters) -> Call:
    return Call("ana@example.com", parameters)


def test_text_parameters_may_be_integers():
    assert call(version="3").text("version") == call(version=3).text("version") == "3"
    assert call().optional("version") is None


@pytest.mark.parametrize("value", [None, "", True, ["a"], {"a": "b"}, 1.5, "\ud800"])
def test_values_that_are_not_text_are_refused(value):
    with pytest.raises(ApiError, match="parameter 'name'"):
        call(name=value).text("name")


@pytest.mark.parametrize("value", ["-1", "1.5", "ten", "9" * 10])
def test_values_that_are_not_an_integer_are_refused(value):
    assert call(size="12").integer("size") == 12
    assert call().integer("size", 100) == 100
    with pytest.raises(ApiError, match="expected a whole number"):
        call(size=value).integer("size", 100)


def test_flags_come_as_json_or_as_text():
    assert call(force=True).flag("force")
    assert call(force="true").flag("force")
    assert not any(call(force=value).flag("force") for value in (None, "", False, "false"))
    with pytest.raises(ApiError, match="expected true or false"):
        call(force="yes").flag("force")


def test_a_list_of_one_text_comes_as_the_text():
    assert call(order_by="name").texts("order_by") == ["name"]
    assert call(order_by=["name", "ts"]).texts("order_by") == ["name", "ts"]
    assert call().texts("order_by") == []
    with pytest.raises(ApiError, match="expected a list of texts"):
        call(order_by=["name", 1]).texts("order_by")


def test_tags_are_a_list_of_keys_and_values():
    assert call(tags=[{"key": "a", "value": "b"}, {"key": "c"}]).tags() == {"a": "b", "c": ""}
    with pytest.raises(ApiError, match="expected a list of objects"):
        call(tags=["a"]).tags()


def test_pages_follow_each_other_until_the_last():
    items, token, pages = list("abcde"), None, []
    while True:
        page, token = paginate(call(max_results=2, page_token=token), items)
        pages.append("".join(page))
        if not token:
            break
    assert pages == ["ab", "cd", "e"]
    with pytest.raises(ApiError, match="Invalid page token 'x'"):
        paginate(call(page_token="x"), items)
