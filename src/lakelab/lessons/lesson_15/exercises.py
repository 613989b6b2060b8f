"""Exercises of lesson 15: share a model across workspaces, and move one into Unity Catalog."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lakelab.lab import Lab
from lakelab.study.exercises import Exercise

MODEL, COLLEAGUE = "ops.flights.delay", "ben@example.com"
NEEDED = {
    ("CATALOG", "ops"): {"USE_CATALOG"},
    ("SCHEMA", "ops.flights"): {"USE_SCHEMA"},
    ("FUNCTION", MODEL): {"EXECUTE"},
}


class RehearsalGrants:
    """Writes down what ``WorkspaceClient().grants.update`` is asked for.

    Attributes
    ----------
    held : dict
        (kind, full name) -> the privileges that the colleague holds.
    others : set of str
        Principals other than the colleague who were granted something.
    """

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], set[str]] = {}
        self.others: set[str] = set()

    def update(
        self, securable_type: Any, full_name: str, *, changes: Any = None, **unknown: Any
    ) -> None:
        kind = _word(securable_type)
        for change in changes or []:
            added = {_word(privilege) for privilege in change.add or []}
            removed = {_word(privilege) for privilege in change.remove or []}
            if change.principal != COLLEAGUE:
                self.others.add(str(change.principal))
                continue
            place = (kind, full_name)
            self.held[place] = self.held.get(place, set()) | added - removed


def _word(value: Any) -> str:
    """Bring ``Privilege.USE_CATALOG``, ``"use catalog"`` and the like to one form."""
    return str(getattr(value, "value", value)).strip().upper().replace(" ", "_")


def check_share(lab: Lab, share: Any) -> list[str]:
    """Compare what was granted with what is needed: no less, no more."""
    if not callable(share):
        return [f"share should be a function, not {type(share).__name__}."]
    grants = RehearsalGrants()
    try:
        share(SimpleNamespace(grants=grants), MODEL, COLLEAGUE)
    except AttributeError as error:
        return [
            f"share raised AttributeError: {error}. The rehearsal client has grants.update(...)."
        ]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"share raised {type(error).__name__}: {error}"]
    wrong = []
    if grants.others:
        wrong.append(f"Granted to {', '.join(sorted(grants.others))}; only {COLLEAGUE} asked.")
    if ("MODEL", MODEL) in grants.held:
        wrong.append("The type of a model in grants is FUNCTION, not MODEL.")
    for place, privileges in NEEDED.items():
        for missing in privileges - grants.held.get(place, set()):
            wrong.append(
                f"{missing.replace('_', ' ')} on the {place[0].lower()} {place[1]} is missing."
            )
    for (kind, name), privileges in grants.held.items():
        for surplus in sorted(privileges - NEEDED.get((kind, name), set())):
            if kind != "MODEL":
                wrong.append(
                    f"{surplus.replace('_', ' ')} on {kind.lower()} {name} gives more than loading "
                    f"this model."
                )
    return wrong


# ---- 15.2 --------------------------------------------------------------------------------------------
TARGET = "ops.flights.delay"


class RehearsalMove:
    """Two registries in memory: the old one has versions in stages, the new one is empty.

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

    # what the client of the workspace registry is asked
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
        asked = src_model_uri.removeprefix("models:/delay/")
        found = [v.version for v in self.get_latest_versions("delay", [asked])]
        version = asked if asked in self.stages else (found or [None])[0]
        if version is None:
            raise ValueError(f"There is no model at '{src_model_uri}'.")
        if dst_name != TARGET:
            raise ValueError(f"The target is '{TARGET}', not '{dst_name}'.")
        self.copied.append(version)
        return SimpleNamespace(name=dst_name, version=str(40 + len(self.copied)), aliases=[])

    # what the client of Unity Catalog is asked
    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        self.early |= not self.copied
        self.aliases[alias] = str(version)


def check_move(lab: Lab, move: Any) -> list[str]:
    """Rehearse a move that is due, and one of a model with nothing in Production."""
    if not callable(move):
        return [f"move should be a function, not {type(move).__name__}."]
    due = RehearsalMove(
        {"1": "Archived", "2": "Production", "9": "Staging", "10": "Production", "11": "None"}
    )
    try:
        move(due, due, "delay", TARGET)
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"move raised {type(error).__name__}: {error}"]
    wrong = []
    if not due.copied:
        return ["Nothing was copied: registry.copy_model_version(...) does it."]
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
