"""The Spark Connect server behind ``spark``: Sail in this process, or a server that is running already.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html and
https://docs.lakesail.com/sail/latest/
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyspark.sql.connect.client import DefaultChannelBuilder

if TYPE_CHECKING:
    from pysail.spark import SparkConnectServer

_OWN_SERVER = "LAKELAB_SPARK_SERVER"
_CONNECT_SECONDS = 3
_DEFAULT_PORT = 15002
ENGINE_SETTINGS = {
    "SAIL_EXECUTION__COLLECT_STATISTICS": "false",
    "SAIL_PARQUET__PRUNING": "false",
    "SAIL_PARQUET__ENABLE_PAGE_INDEX": "false",
}
"""Settings with which Sail does not use the statistics in the footers of Parquet files.

Writers leave NaN out of the minimum and the maximum. By them Sail would read a NaN as the only other value
of a file, and would skip rows with NaN where a condition selects large values.
"""
_SESSION_SECONDS = str(7 * 24 * 3600)
_NO_COMPRESSION = 1
"""gRPC's bit set of compression algorithms: only the one that leaves data as it is."""


class EngineError(Exception):
    """No Spark engine is available; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """A running Spark Connect server.

    Parameters
    ----------
    address : str
        Its address, ``sc://host:port``.
    catalogs : tuple of str
        The catalogs that it was started with, the default one first.
    server : pysail.spark.SparkConnectServer, optional
        The server, where it runs in this process; it stops when nothing refers to it.
    """

    address: str
    catalogs: tuple[str, ...]
    server: SparkConnectServer | None = None

    @classmethod
    def start_or_connect(cls, catalogs: tuple[str, ...]) -> Engine:
        """Connect to the server that ``SPARK_REMOTE`` names, or start Sail in this process.

        Raises
        ------
        EngineError
            If ``SPARK_REMOTE`` is not an address, or no server answers there.
        """
        # A notebook's output is for results: gRPC and Sail stay silent by default.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        os.environ.setdefault("RUST_LOG", "off")
        remote = os.environ.get("SPARK_REMOTE")
        # a parent process or an earlier session may have set it: that engine may have ended
        if not remote or remote == os.environ.get(_OWN_SERVER):
            return cls.start(catalogs)
        _require_listening(remote)
        return cls(remote, catalogs)

    @classmethod
    def start(cls, catalogs: tuple[str, ...]) -> Engine:
        """Start Sail in this process, on a free port of 127.0.0.1."""
        os.environ.update(ENGINE_SETTINGS)
        # a notebook that is idle keeps its session, with its temporary views
        os.environ.setdefault("SAIL_SPARK__SESSION_TIMEOUT_SECS", _SESSION_SECONDS)
        os.environ["SAIL_CATALOG__LIST"] = catalog_list(catalogs)
        os.environ["SAIL_CATALOG__DEFAULT_CATALOG"] = catalogs[0]
        checkpoints = tempfile.mkdtemp(prefix="lakelab-checkpoints-")
        atexit.register(shutil.rmtree, checkpoints, ignore_errors=True)
        os.environ["SAIL_EXECUTION__CHECKPOINT__PATH"] = Path(checkpoints).as_uri()
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        _, port = server.listening_address
        address = f"sc://127.0.0.1:{port}"
        # `SparkSession.builder.getOrCreate()` in the learner's own modules reads it, as on Databricks
        os.environ["SPARK_REMOTE"] = os.environ[_OWN_SERVER] = address
        return cls(address, catalogs, server)

    @property
    def is_own(self) -> bool:
        """Whether the server runs in this process."""
        return self.server is not None

    def channel(self, user: str) -> DefaultChannelBuilder:
        """Return a new builder of gRPC channels to the server, for the sessions of a user."""
        channel = DefaultChannelBuilder(self.address)
        channel.set(DefaultChannelBuilder.PARAM_USER_ID, user)
        if self.is_own:
            # Sail compresses for each client that accepts it, which takes nine tenths of the time
            channel.setChannelOption("grpc.compression_enabled_algorithms_bitset", _NO_COMPRESSION)
        return channel


def catalog_list(catalogs: tuple[str, ...]) -> str:
    """Format the catalogs for Sail's setting ``SAIL_CATALOG__LIST``.

    Examples
    --------
    >>> catalog_list(("main",))
    '[{name="main", type="memory", initial_database=["default"]}]'
    """
    return ", ".join(
        f'{{name="{name}", type="memory", initial_database=["default"]}}' for name in catalogs
    ).join("[]")


def _require_listening(remote: str) -> None:
    """Check at once whether a server listens: Spark's client would retry for minutes."""
    address = urlsplit(remote)
    try:
        if address.scheme != "sc" or not address.hostname:
            raise EngineError(
                f"SPARK_REMOTE is '{remote}', expected sc://host:port. "
                f"Mend it, or unset it to use the engine that comes with the course."
            )
        server = (address.hostname, address.port or _DEFAULT_PORT)
        socket.create_connection(server, timeout=_CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"No Spark Connect server answers at SPARK_REMOTE={remote}: {error}. "
            f"Start it, or unset SPARK_REMOTE to use the engine that comes with the course."
        ) from error
