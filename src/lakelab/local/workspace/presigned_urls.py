"""Presigned URLs, by which the clients upload and download files of model versions."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError

_LIFETIME_SECONDS = 15 * 60.0
"""Databricks' presigned URLs have about the same lifetime."""


@dataclass(frozen=True)
class _SignedUrl:
    method: str
    folder: Path
    file: Path
    expires: float


class PresignedUrls:
    """URLs for one upload or one download each, which need no token.

    Parameters
    ----------
    base : str
        The beginning of all URLs.

    Examples
    --------
    >>> urls = PresignedUrls("http://127.0.0.1:5000/presigned")
    >>> url = urls.sign("GET", Path("version"), Path("version/MLmodel"))["url"]
    >>> urls.redeem("GET", url.rpartition("/")[2])[1].name
    'MLmodel'
    """

    def __init__(self, base: str):
        self._base = base
        self._signed: dict[str, _SignedUrl] = {}
        self._lock = threading.Lock()

    def sign(self, method: str, folder: Path, file: Path) -> dict[str, Any]:
        """Return a new URL and the headers that its request needs.

        Parameters
        ----------
        method : str
            HTTP method.
        folder : Path
            The version's folder.
        file : Path
            The file in it.
        """
        key = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self._lock:
            self._signed = {k: s for k, s in self._signed.items() if s.expires > now}
            self._signed[key] = _SignedUrl(method, folder, file, now + _LIFETIME_SECONDS)
        return {"url": f"{self._base}/{key}", "headers": []}

    def redeem(self, method: str, key: str, *, keep: bool = False) -> tuple[Path, Path]:
        """Return the version's folder and the file of a URL, and invalidate the URL.

        Parameters
        ----------
        method : str
            HTTP method; it must be the one that the URL was signed for.
        key : str
            The last part of the URL.
        keep : bool
            Keep the URL valid until it expires: a client fetches a large file in ranges, by one URL.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED`` if the URL was used, has expired or was never signed. The client then
            requests another URL.
        """
        with self._lock:
            signed = self._signed.get(key)
            if not signed or signed.method != method or signed.expires < time.monotonic():
                raise ApiError(
                    conditions.PERMISSION_DENIED,
                    "This URL was used already or has expired. Ask for another.",
                )
            if not keep:
                del self._signed[key]
        return signed.folder, signed.file

    def revoke_uploads(self, folder: Path) -> None:
        """Invalidate all upload URLs of a folder."""
        with self._lock:
            self._signed = {
                k: s for k, s in self._signed.items() if (s.method, s.folder) != ("PUT", folder)
            }
