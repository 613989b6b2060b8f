"""Official import names import the local packages; other names stay the official ones."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from lakelab.local.notebook.import_names import answer_official_names


@pytest.fixture(autouse=True)
def _answered() -> None:
    answer_official_names()


def test_the_official_package_is_the_local_one() -> None:
    import databricks.feature_engineering as official

    import lakelab.local.feature_engineering as ours

    assert official is ours
    assert official.__name__ == official.__spec__.name == "lakelab.local.feature_engineering"


@pytest.mark.parametrize(
    "submodule",
    [
        "client",
        "training_set",
        "entities",
        "entities.feature_lookup",
        "entities.feature_function",
        "entities.feature_table",
    ],
)
def test_submodules_are_the_same_objects(submodule: str) -> None:
    official = importlib.import_module(f"databricks.feature_engineering.{submodule}")
    assert official is importlib.import_module(f"lakelab.local.feature_engineering.{submodule}")


def test_the_longest_name_counts() -> None:
    legacy = importlib.import_module("databricks.feature_store")
    assert legacy.__name__ == "lakelab.local.feature_store"
    entities = importlib.import_module("databricks.feature_store.entities")
    assert entities.__name__ == "lakelab.local.feature_engineering.entities"


def test_isinstance_works_across_both_names() -> None:
    from databricks.feature_engineering.entities.feature_lookup import FeatureLookup as Official

    from lakelab.local.feature_engineering import FeatureLookup

    assert isinstance(FeatureLookup("t", "k"), Official)


def test_the_sdk_stays_the_real_one() -> None:
    import databricks.sdk

    assert "site-packages" in str(databricks.sdk.__file__)


def test_a_submodule_that_is_not_answered_says_where_it_works() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"upgrade_client.*Databricks workspace only"):
        importlib.import_module("databricks.feature_engineering.upgrade_client")


def test_a_class_that_is_not_answered_says_where_it_works() -> None:
    with pytest.raises(ImportError, match=r"'UpgradeClient' works in a Databricks workspace only"):
        from databricks.feature_engineering import UpgradeClient  # noqa: F401
    with pytest.raises(ImportError, match=r"'Feature' works in a Databricks workspace only"):
        from databricks.feature_engineering.entities import Feature  # noqa: F401
    with pytest.raises(ImportError, match="Nonsense"):
        from databricks.feature_engineering import Nonsense  # noqa: F401


def test_a_second_call_adds_no_finder_and_keeps_the_modules() -> None:
    import databricks.feature_engineering as before

    finders = len(sys.meta_path)
    answer_official_names()
    assert len(sys.meta_path) == finders
    assert importlib.import_module("databricks.feature_engineering") is before


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys; from lakelab.local.notebook.import_names import answer_official_names;"
        "answer_official_names();"
        "sys.exit(any(m.startswith(('pandas', 'pyspark', 'mlflow', 'duckdb')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
