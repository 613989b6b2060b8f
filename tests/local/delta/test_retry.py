"""A commit is repeated while other writers are first, and only then."""

from __future__ import annotations

import pytest
from deltalake.exceptions import CommitFailedError

from lakelab.local.delta.retry import retry_commit


def test_a_commit_that_always_fails_is_tried_fifty_times(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    calls = []

    def fail() -> None:
        calls.append("commit")
        raise CommitFailedError("another writer was first")

    with pytest.raises(CommitFailedError, match="another writer"):
        retry_commit(fail, lambda: calls.append("refresh"))
    assert calls == ["commit", "refresh"] * 49 + ["commit"]


def test_another_error_is_not_repeated():
    calls = []

    def fail() -> None:
        calls.append("commit")
        raise ValueError("no such column")

    with pytest.raises(ValueError, match="no such column"):
        retry_commit(fail, lambda: calls.append("refresh"))
    assert calls == ["commit"]
