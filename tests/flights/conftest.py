"""The raw tables, for all tests of the running case."""

from __future__ import annotations

import pandas as pd
import pytest

from lakelab import flights


@pytest.fixture(scope="session")
def raw() -> dict[str, pd.DataFrame]:
    """Read all raw tables."""
    return {name: flights.read_raw(name) for name in flights.RAW_TABLES}
