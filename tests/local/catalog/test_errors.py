"""Errors have the conditions and HTTP statuses that Databricks documents."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    ApiError,
    InsufficientPermissionsError,
)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UNAUTHENTICATED", 401),
        ("PERMISSION_DENIED", 403),
        ("RESOURCE_DOES_NOT_EXIST", 404),
        ("INVALID_PARAMETER_VALUE", 400),
        ("TEMPORARILY_UNAVAILABLE", 400),
    ],
)
def test_no_status_makes_a_client_retry(code, status):
    assert ApiError(code, "message").status == status


def test_an_error_has_its_condition_and_sql_state():
    error = AlreadyExistsError("It exists.", condition="SCHEMA_ALREADY_EXISTS", sql_state="42P06")
    assert (str(error), error.condition, error.sql_state) == (
        "It exists.",
        "SCHEMA_ALREADY_EXISTS",
        "42P06",
    )


def test_a_missing_privilege_has_the_words_of_databricks():
    error = InsufficientPermissionsError("User does not have SELECT on Table 'a.b.c'.")
    assert isinstance(error, InsufficientPermissionsError)
    assert str(error).startswith("[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does")
