"""Publish ``main.f.t`` in a separate process, which can kill itself during the publish.

The arguments are the home, the mode and the point of the kill: ``first rows written`` or ``all written``.
With another point, the process publishes five times, and prints ``5 times``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.online_store import OnlineStores, source
from lakelab.local.online_store.database import Database
from lakelab.local.system.home import Home


def die(point: str) -> None:
    print(point, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def main(root: str, mode: str, point: str) -> None:
    home = Home(Path(root))
    stores = OnlineStores(home, UnityCatalog(home.warehouse))
    source.BATCH_ROWS = 10
    writing = Database.write

    def write(self: Database, connection: Any, table: Any, batches: Any, keys: Any) -> int:
        def half() -> Iterator[Any]:
            for place, rows in enumerate(batches):
                if place == 3 and point == "first rows written":
                    die(point)
                yield rows

        written = writing(self, connection, table, half(), keys)
        if point == "all written":
            die(point)
        return written

    Database.write = write  # type: ignore[method-assign]
    for _ in range(5):
        stores.publish("main.f.t", "main.f.t_online", "features", mode)
    print("5 times")


if __name__ == "__main__":
    main(*sys.argv[1:])
