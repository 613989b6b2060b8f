"""Exercises of lesson 15: share a model across workspaces, and move one into Unity Catalog."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise
from lakelab.lessons.rehearsal_grants import wrong_shares

MODEL, COLLEAGUE = "ops.flights.delay", "ben@example.com"
NEEDED = {
    ("CATALOG", "ops"): {"USE_CATALOG"},
    ("SCHEMA", "ops.flights"): {"USE_SCHEMA"},
    ("FUNCTION", MODEL): {"EXECUTE"},
}


def check_share(lab: CheckContext, share: Any) -> list[str]:
    """Compare the granted privileges with exactly the needed ones."""
    return wrong_shares(
        share,
        MODEL,
        COLLEAGUE,
        NEEDED,
        "loading this model",
        mistaken={"MODEL": "The type of a model in grants is FUNCTION, not MODEL."},
    )


# ---- 15.2 --------------------------------------------------------------------------------------------
TARGET = "ops.flights.delay"


class RehearsalMove:
    """Two registries in memory: the workspace registry has versions in stages, Unity Catalog is empty.

    Parameters
    ----------
    stages : dict of str to str
        Version -> stage.
    """

    def __init__(self, stages: dict[str, str]):
        self.stages = stages
        self.copied: list[str] = []
        self.aliases: dict[str, str] = {}
        self.early = False

    # calls of the client of the workspace registry
    def get_latest_versions(self, name: str, stages: list[str] | None = None) -> list[Any]:
        newest: dict[str, str] = {}
        for version, stage in sorted(self.stages.items(), key=lambda item: int(item[0])):
            newest[stage] = version
        return [self._version(v) for s, v in newest.items() if stages is None or s in stages]

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> list[Any]:
        return [self._version(version) for version in self.stages]

    def get_model_version(self, name: str, version: Any) -> Any:
        return self._version(str(version))

    def _version(self, version: str) -> Any:
        return SimpleNamespace(
            name="delay", version=version, current_stage=self.stages[version], run_id="r"
        )

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> Any:
        requested = src_model_uri.removeprefix("models:/delay/")
        found = [v.version for v in self.get_latest_versions("delay", [requested])]
        version = requested if requested in self.stages else (found or [None])[0]
        if version is None:
            raise ValueError(f"There is no model at '{src_model_uri}'.")
        if dst_name != TARGET:
            raise ValueError(f"The target is '{TARGET}', not '{dst_name}'.")
        self.copied.append(version)
        return SimpleNamespace(name=dst_name, version=str(40 + len(self.copied)), aliases=[])

    # calls of the client of Unity Catalog
    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        self.early |= not self.copied
        self.aliases[alias] = str(version)


def check_move(lab: CheckContext, move: Any) -> list[str]:
    """Check the function on a model in Production, and on a model without a version in Production."""
    if not callable(move):
        return [f"move should be a function, not {type(move).__name__}."]
    due = RehearsalMove(
        {"1": "Archived", "2": "Production", "9": "Staging", "10": "Production", "11": "None"}
    )
    try:
        move(due, due, "delay", TARGET)
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"move raised {type(error).__name__}: {error}"]
    if not due.copied:
        return ["Nothing was copied: registry.copy_model_version(...) does it."]
    return _wrong_copy(due) + _wrong_refusal(move)


def _wrong_copy(due: RehearsalMove) -> list[str]:
    wrong = []
    if due.copied != ["10"]:
        wrong.append(
            f"Copied: version {', '.join(due.copied)}. In Production are 2 and 10, and 10 is the newest."
        )
    if due.aliases.get("Champion") == "10":
        wrong.append(
            "Champion points to version 10: that is the old registry's number. The copy has a number "
            "of its own; copy_model_version returns it."
        )
    elif due.aliases.get("Champion") != "41":
        wrong.append("The copy should have the alias Champion.")
    return wrong


def _wrong_refusal(move: Any) -> list[str]:
    """Check that the function refuses a model without a version in Production."""
    wrong = []
    none = RehearsalMove({"1": "Archived", "2": "Staging"})
    try:
        move(none, none, "delay", TARGET)
    except ValueError:
        pass
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        wrong.append(
            f"Where nothing is in Production, it raises {type(error).__name__}, not ValueError."
        )
    else:
        wrong.append("Where nothing is in Production, it raises no ValueError.")
    if none.copied:
        wrong.append(f"Where nothing is in Production, it copied version {none.copied[0]}.")
    return wrong


EXERCISES = {
    "15.1": Exercise(
        check=check_share,
        hints=(
            "Three grants: two to walk through, one on the model itself.",
            "catalog, schema, _ = model.split('.') gives the names; a model's type in grants is "
            "FUNCTION.",
            'w.grants.update("FUNCTION", model, changes=[PermissionsChange(principal=colleague, '
            "add=[Privilege.EXECUTE])])",
        ),
        solution="""
def share(w, model, colleague):
    catalog, schema, _ = model.split(".")
    for kind, name, privilege in [
        ("CATALOG", catalog, Privilege.USE_CATALOG),
        ("SCHEMA", f"{catalog}.{schema}", Privilege.USE_SCHEMA),
        ("FUNCTION", model, Privilege.EXECUTE),
    ]:
        change = PermissionsChange(principal=colleague, add=[privilege])
        w.grants.update(kind, name, changes=[change])


lab.check("15.1", share)
""",
        praise="Two doors and one model: the colleague can load it from any workspace, and no more.",
    ),
    "15.2": Exercise(
        check=check_move,
        hints=(
            "Which version is it? registry.get_latest_versions(model, ['Production']) says so; the "
            "list is empty if there is none.",
            "registry.copy_model_version(f'models:/{model}/{version}', target) returns the new "
            "version, with a number of its own.",
            "The alias is set by the other client: catalog.set_registered_model_alias(target, "
            "'Champion', copy.version)",
        ),
        solution="""
def move(registry, catalog, model, target):
    in_production = registry.get_latest_versions(model, ["Production"])
    if not in_production:
        raise ValueError(f"no version of {model} is in Production")
    copy = registry.copy_model_version(f"models:/{model}/{in_production[0].version}", target)
    catalog.set_registered_model_alias(target, "Champion", copy.version)


lab.check("15.2", move)
""",
        praise="The files and the run came along, and an alias took the stage's place.",
    ),
}
