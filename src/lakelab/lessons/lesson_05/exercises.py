"""Exercises of lesson 05: share a feature table, and plan the move into Unity Catalog."""

from __future__ import annotations

from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise
from lakelab.lessons.rehearsal_grants import wrong_shares

TABLE, GROUP = "ops.weather.hourly", "data-scientists"
NEEDED = {
    ("CATALOG", "ops"): {"USE_CATALOG"},
    ("SCHEMA", "ops.weather"): {"USE_SCHEMA"},
    ("TABLE", TABLE): {"SELECT"},
}


def check_share(lab: CheckContext, share: Any) -> list[str]:
    """Compare the granted privileges with exactly the needed ones."""
    return wrong_shares(share, TABLE, GROUP, NEEDED, "reading this table")


# ---- 05.2 --------------------------------------------------------------------------------------------
TABLES = (
    "flights.planes",
    "hive_metastore.flights.airports",
    "prod.flights.weather",
    "ops.weather.hourly",
)
PLAN = {
    "flights.planes": "main.flights.planes",
    "hive_metastore.flights.airports": "main.flights.airports",
}


def check_plan(lab: CheckContext, plan: Any) -> list[str]:
    """Compare the plan with the tables that must move."""
    if not callable(plan):
        return [f"plan should be a function, not {type(plan).__name__}."]
    try:
        answer = plan(list(TABLES), "main")
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"plan raised {type(error).__name__}: {error}"]
    if not isinstance(answer, dict):
        return [f"plan should return a dict, not {type(answer).__name__}."]
    wrong = []
    for table, target in PLAN.items():
        if table not in answer:
            wrong.append(f"{table} is at the workspace level, and is not in the plan.")
        elif answer[table] != target:
            wrong.append(f"{table} should become {target}, not {answer[table]}.")
    for table in answer:
        if table not in PLAN:
            wrong.append(f"{table} is in Unity Catalog already, and need not move.")
    return wrong


EXERCISES = {
    "05.1": Exercise(
        check=check_share,
        hints=(
            "Three grants: two to walk through, one on the table itself.",
            "catalog, schema, _ = table.split('.') gives the names of what the table lies in.",
            'w.grants.update("TABLE", table, changes=[PermissionsChange(principal=group, '
            "add=[Privilege.SELECT])])",
        ),
        solution="""
def share(w, table, group):
    catalog, schema, _ = table.split(".")
    for kind, name, privilege in [
        ("CATALOG", catalog, Privilege.USE_CATALOG),
        ("SCHEMA", f"{catalog}.{schema}", Privilege.USE_SCHEMA),
        ("TABLE", table, Privilege.SELECT),
    ]:
        change = PermissionsChange(principal=group, add=[privilege])
        w.grants.update(kind, name, changes=[change])


lab.check("05.1", share)
""",
        praise="Two doors and one table: the group reads it from any workspace, and nothing else.",
    ),
    "05.2": Exercise(
        check=check_plan,
        hints=(
            "parts = table.split('.'): how many are there, and what is the first?",
            "Workspace level: two parts, or three of which the first is hive_metastore. The last two "
            "parts are database and table in both.",
        ),
        solution="""
def plan(tables, catalog):
    moves = {}
    for table in tables:
        *levels, database, name = table.split(".")
        if levels in ([], ["hive_metastore"]):
            moves[table] = f"{catalog}.{database}.{name}"
    return moves


lab.check("05.2", plan)
""",
        praise="Each pair is what UpgradeClient().upgrade_workspace_table takes: source and target.",
    ),
}
