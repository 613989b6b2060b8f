"""Views of Unity Catalog, in files."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.views import UnityView, ViewColumn, Views

V = TableName("main", "s", "v")


@pytest.fixture
def unity(tmp_path) -> UnityCatalog:
    unity = UnityCatalog(tmp_path)
    unity.create_catalog("main")
    unity.create_schema("main", "s")
    return unity


def view_of(name: TableName, query: str = "SELECT 1 AS `ä`") -> UnityView:
    return UnityView(name, query, "main", "s", (ViewColumn("ä", "integer", False, "c"),), ("ä",))


def test_view_is_kept_as_it_is(unity):
    Views(unity).create(view_of(V))
    kept = Views(UnityCatalog(unity.warehouse)).get(V)
    assert (kept.query, kept.columns, kept.query_columns) == (
        "SELECT 1 AS `ä`",
        (ViewColumn("ä", "integer", False, "c"),),
        ("ä",),
    )
    assert kept.created_at == kept.changed_at > 0
    assert list(unity.all_views()) == [V]
    assert list(unity.all_tables()) == []


def test_replaced_view_keeps_its_birthday_and_gets_an_id(unity):
    Views(unity).create(view_of(V))
    first = Views(unity).get(V)
    Views(unity).create(view_of(V, "SELECT 2 AS `ä`"), replaces=True)
    second = Views(unity).get(V)
    assert (second.query, second.created_at) == ("SELECT 2 AS `ä`", first.created_at)
    assert second.view_id != first.view_id


def test_renamed_view_is_found_under_its_new_name(unity):
    unity.create_schema("main", "s2")
    new = TableName("main", "s2", "w")
    Views(unity).create(view_of(V))
    Views(unity).rename(V, new)
    assert list(unity.all_views()) == [new]
    with pytest.raises(NotFoundError, match="View 'main.s.v' does not exist"):
        Views(unity).get(V)
    with pytest.raises(UnityCatalogError, match="within its catalog"):
        Views(unity).rename(new, TableName("dev", "s2", "w"))


def test_damaged_file_is_named(unity):
    Views(unity).create(view_of(V))
    unity.view_path(V).write_text("{")
    with pytest.raises(UnityCatalogError, match=r"damaged: .*v\.json"):
        Views(unity).get(V)


def test_only_one_of_many_threads_creates_a_view(unity):
    done: list[str] = []

    def create() -> None:
        try:
            Views(unity).create(view_of(V))
            done.append("made")
        except UnityCatalogError:
            done.append("refused")

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["made"] + ["refused"] * 7


def test_killed_process_leaves_a_whole_view(unity):
    """A process replaces a view in a loop; after a kill at any moment, one whole view remains."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.catalog.store import TableName, UnityCatalog\n"
        "from lakelab.local.catalog.views import UnityView, Views\n"
        "views, name, n = Views(UnityCatalog(Path(sys.argv[1]))), TableName('main', 's', 'v'), 0\n"
        "while True:\n"
        "    n += 1\n"
        "    view = UnityView(name, f'{n}' + ' #' * 50_000, 'main', 's', (), ())\n"
        "    views.create(view, replaces=True)\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(unity.warehouse)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    seen = int(process.stdout.readline())
    while seen < 100:  # others read meanwhile
        assert Views(unity).get(V).query.endswith(" #" * 50_000)
        seen = int(process.stdout.readline())
    process.kill()
    numbers = process.communicate()[0].split()
    last = int(numbers[-1]) if numbers else seen
    query = Views(unity).get(V).query
    assert query.endswith(" #" * 50_000)
    assert int(query.split()[0]) in (last, last + 1)
    unity.remove_unfinished()
    assert list((unity.warehouse / "main" / "s").glob(".staging-*")) == []
