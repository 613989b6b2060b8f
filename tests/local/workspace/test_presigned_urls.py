"""Presigned URLs: one use, one method, and an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakelab.local.catalog.errors import ApiError
from lakelab.local.workspace import presigned_urls
from lakelab.local.workspace.presigned_urls import PresignedUrls

FOLDER, FILE = Path("version"), Path("version/MLmodel")


@pytest.fixture
def urls() -> PresignedUrls:
    return PresignedUrls("http://127.0.0.1:1/presigned")


def sign(urls: PresignedUrls, method: str, folder: Path = FOLDER) -> str:
    return urls.sign(method, folder, folder / "MLmodel")["url"].rpartition("/")[2]


def test_a_url_is_used_once(urls):
    key = sign(urls, "GET")
    assert urls.redeem("GET", key) == (FOLDER, FILE)
    with pytest.raises(ApiError, match="used already or has expired"):
        urls.redeem("GET", key)


def test_a_kept_url_is_valid_again(urls):
    key = sign(urls, "GET")
    for _ in range(2):
        assert urls.redeem("GET", key, keep=True) == (FOLDER, FILE)


def test_a_url_of_another_method_is_refused_and_stays_valid(urls):
    key = sign(urls, "GET")
    with pytest.raises(ApiError, match="used already or has expired"):
        urls.redeem("PUT", key)
    assert urls.redeem("GET", key) == (FOLDER, FILE)


def test_a_url_expires(urls, monkeypatch):
    monkeypatch.setattr(presigned_urls, "_LIFETIME_SECONDS", -1.0)
    with pytest.raises(ApiError, match="used already or has expired"):
        urls.redeem("GET", sign(urls, "GET"))


def test_revoked_uploads_are_those_of_one_folder(urls):
    revoked, download, other = sign(urls, "PUT"), sign(urls, "GET"), sign(urls, "PUT", Path("b"))
    urls.revoke_uploads(FOLDER)
    with pytest.raises(ApiError, match="used already or has expired"):
        urls.redeem("PUT", revoked)
    assert urls.redeem("GET", download) == (FOLDER, FILE)
    assert urls.redeem("PUT", other)[0] == Path("b")
