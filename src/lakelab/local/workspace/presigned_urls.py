"""Presigned URLs, by which the clients upload and download files of model versions."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakelab.local.catalog.errors import ApiError

_URL_LIFETIME = 15 * 60.0
"""Seconds. Databricks' presigned URLs live about as long."""


@dataclass(frozen=True)
class _Signed:
    method: str
    folder: Path
    file: Path
    expires: float


class PresignedUrls:
    """URLs that stand for one upload or download each, and need no token.

    Parameters
    ----------
    base : str
        What the URLs begin with.
    """

    def __init__(self, base: str):
        self._base = base
        self._signed: dict[str, _Signed] = {}
        self._lock = threading.Lock()

    def sign(self, method: str, folder: Path, file: Path) -> dict[str, Any]:
        key = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self._lock:
            self._signed = {k: s for k, s in self._signed.items() if s.expires > now}
            self._signed[key] = _Signed(method, folder, file, now + _URL_LIFETIME)
        return {"url": f"{self._base}/{key}", "headers": []}

    def redeem(self, method: str, key: str, *, keep: bool = False) -> tuple[Path, Path]:
        """Give the version's folder and the file that a URL stands for, and spend the URL.

        Parameters
        ----------
        method : str
            HTTP method; it must be the one that the URL was signed for.
        key : str
            The last part of the URL.
        keep : bool
            Leave the URL valid until it expires: large files are fetched in ranges, by one URL.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED`` if the URL was spent, has expired or was never given. The client then
            asks for another.
        """
        with self._lock:
            signed = self._signed.get(key)
            if not signed or signed.method != method or signed.expires < time.monotonic():
                raise ApiError(
                    "PERMISSION_DENIED",
                    "This URL was used already or has expired. Ask for another.",
                )
            if not keep:
                del self._signed[key]
        return signed.folder, signed.file

    def revoke_uploads(self, folder: Path) -> None:
        """Let no upload into a folder begin any more."""
        with self._lock:
            self._signed = {
                k: s for k, s in self._signed.items() if (s.method, s.folder) != ("PUT", folder)
            }
