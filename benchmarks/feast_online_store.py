"""Feast's part of the online store benchmark: runs with the Python of ``.venv-bench``, which has Feast.

Materializes the latest row of each entity of ``hourly.parquet`` into Feast's SQLite online store, and
looks up rows by one key in it.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast_store import store_in

ENTITIES, LOOKUPS, REPEATS = 50_000, 10_000, 3
FEATURES = [f"f{number}" for number in range(4)]


def median_call_ms(function, arguments):
    """Return the median milliseconds of one call; the median of some rounds."""
    rounds = []
    for _ in range(REPEATS):
        took = []
        for argument in arguments:
            start = time.perf_counter()
            function(argument)
            took.append(time.perf_counter() - start)
        rounds.append(median(took) * 1000)
    return median(rounds)


def main(folder: Path, number: str) -> None:
    """Measure, and print the result in JSON."""
    store = store_in(folder / f"feast_{number}", folder / "hourly.parquet", "hourly", FEATURES)
    start = time.perf_counter()
    store.materialize(datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
    materialized = time.perf_counter() - start

    # `get` is Feast's public call, `read` only the store below it: both return the row of an entity
    names = [f"hourly:{name}" for name in FEATURES]
    provider = store._get_provider()  # noqa: SLF001 - Feast has no public way to its online store
    view, online = store.get_feature_view("hourly"), provider.online_store

    def get(number):
        row = store.get_online_features(names, entity_rows=[{"entity": number}]).to_dict()
        return {name: row[name][0] for name in FEATURES}

    def read(number):
        key = EntityKey(join_keys=["entity"], entity_values=[Value(int64_val=number)])
        ((_, row),) = online.online_read(store.config, view, [key], FEATURES)
        return {name: value.double_val for name, value in row.items()}

    numbers = random.Random(7).sample(range(ENTITIES), LOOKUPS)
    for number in numbers[:100]:
        if get(number) != read(number) or None in get(number).values():
            sys.exit(f"The two calls return different rows: {get(number)}, {read(number)}")

    result = {
        "version": version("feast"),
        "publish_s": materialized,
        "rows": [get(number) for number in range(0, ENTITIES, ENTITIES // 20)],
        "look_up_ms": median_call_ms(get, numbers),
        "look_up_in_the_store_ms": median_call_ms(read, numbers),
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"result": result, "memory_mb": memory}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
