"""Exercises of lesson 18: roll back, and promote only an approved version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise

NAME = "main.rehearsal.flight_delay"


@dataclass
class Version:
    """A version with the attributes that a promotion needs."""

    version: str
    aliases: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    name: str = NAME


@dataclass
class Model:
    """A registered model with its aliases and their versions."""

    aliases: dict[str, str]
    name: str = NAME


class Rehearsal:
    """A registry in memory with the calls of MlflowClient for a promotion.

    Parameters
    ----------
    aliases : dict of str to str
        Alias -> version.
    status : str, optional
        The tag `validation_status` of the Challenger.

    Attributes
    ----------
    without_champion : bool
        Whether no version was Champion at any moment.
    """

    def __init__(self, aliases: dict[str, str], status: str | None = None):
        from mlflow.exceptions import MlflowException

        self._error = MlflowException
        self.aliases = dict(aliases)
        self.versions = {number: Version(number) for number in aliases.values()}
        if status is not None:
            self.versions[aliases["Challenger"]].tags["validation_status"] = status
        self.without_champion = False

    def _require_model(self, name: str) -> None:
        if name != NAME:
            raise self._error(f"There is no model '{name}', only '{NAME}'.")

    def get_registered_model(self, name: str) -> Model:
        self._require_model(name)
        return Model(dict(self.aliases))

    def get_model_version(self, name: str, version: Any) -> Version:
        self._require_model(name)
        found = self.versions.get(str(version))
        if found is None:
            raise self._error(f"There is no version {version}.")
        found.aliases = [alias for alias, number in self.aliases.items() if number == found.version]
        return found

    def get_model_version_by_alias(self, name: str, alias: str) -> Version:
        self._require_model(name)
        if alias not in self.aliases:
            raise self._error(f"There is no alias '{alias}'.")
        return self.get_model_version(name, self.aliases[alias])

    def search_model_versions(self, filter_string: str | None = None) -> list[Version]:
        return [self.get_model_version(NAME, number) for number in self.versions]

    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        self.aliases[alias] = self.get_model_version(name, version).version

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._require_model(name)
        self.aliases.pop(alias, None)
        self.without_champion |= "Champion" not in self.aliases

    def set_model_version_tag(self, name: str, version: Any, key: str, value: Any) -> None:
        self.get_model_version(name, version).tags[key] = str(value)

    def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
        self.get_model_version(name, version).tags.pop(key, None)


def check_roll_back(lab: CheckContext, roll_back: Any) -> list[str]:
    """Check the function on a rollback."""
    registry = Rehearsal({"Champion": "7", "Previous": "3"})
    wrong = _call(roll_back, "roll_back", registry)
    if wrong:
        return wrong
    if registry.aliases.get("Champion") == "7":
        return ["Champion still points to the version that you want to leave."]
    if registry.aliases.get("Champion") is None:
        return ["There is no Champion any more: the nightly job would fail."]
    return _check_no_gap(registry)


def check_promote(lab: CheckContext, promote: Any) -> list[str]:
    """Check the function on an approved version, and on two versions that are not approved."""
    before = {"Champion": "4", "Challenger": "9", "Previous": "2"}
    registry = Rehearsal(before, "approved")
    wrong = _call(promote, "promote", registry)
    if wrong:
        return wrong
    wrong = _wrong_aliases(before, registry.aliases) + _check_no_gap(registry)
    return (
        wrong + _wrong_refusal(promote, before, "pending") + _wrong_refusal(promote, before, None)
    )


def _wrong_aliases(before: dict[str, str], after: dict[str, str]) -> list[str]:
    if after == before:
        return ["The Challenger is approved, and no alias has moved."]
    wrong = []
    if after.get("Champion") != "9":
        wrong.append("The approved Challenger, version 9, should be Champion.")
    if after.get("Previous") != "4":
        wrong.append(
            f"Previous points to {after.get('Previous')}; it should remember version 4, "
            f"the Champion before. Ask for that version before you move Champion."
        )
    if "Challenger" in after:
        wrong.append("The alias Challenger is still there.")
    return wrong


def _wrong_refusal(promote: Any, before: dict[str, str], status: str | None) -> list[str]:
    """Check that the function refuses a Challenger with this validation_status."""
    shown = status or "not set"
    wrong = []
    registry = Rehearsal(before, status)
    try:
        promote(registry, NAME)
    except ValueError:
        pass
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        wrong.append(
            f"Where validation_status is {shown}, it raises {type(error).__name__}, not ValueError."
        )
    else:
        wrong.append(f"Where validation_status is {shown}, it raises no ValueError.")
    if registry.aliases != before:
        wrong.append(f"Where validation_status is {shown}, it moved aliases all the same.")
    return wrong


def _call(function: Any, name: str, registry: Rehearsal) -> list[str]:
    """Call the learner's function; return the message of an error."""
    if not callable(function):
        return [f"{name} should be a function, not {type(function).__name__}."]
    try:
        function(registry, NAME)
    except AttributeError as error:
        if "Rehearsal" not in str(error):
            return [f"{name} raised AttributeError: {error}"]
        calls = ", ".join(call for call in dir(registry) if "_model" in call and call[0] != "_")
        return [f"{str(error).replace('Rehearsal', 'rehearsal client')}. It has: {calls}."]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"{name} raised {type(error).__name__}: {error}"]
    return []


def _check_no_gap(registry: Rehearsal) -> list[str]:
    if not registry.without_champion:
        return []
    return [
        "For a moment there was no Champion: a job that starts then fails. "
        "Setting an alias moves it; do not delete it first."
    ]


EXERCISES = {
    "18.1": Exercise(
        check=check_roll_back,
        hints=(
            "Which version does Previous point to? The registry tells by alias.",
            'client.get_model_version_by_alias(name, "Previous").version is that version.',
            'Then one call: client.set_registered_model_alias(name, "Champion", ...)',
        ),
        solution="""
def roll_back(client, name):
    previous = client.get_model_version_by_alias(name, "Previous")
    client.set_registered_model_alias(name, "Champion", previous.version)


lab.check("18.1", roll_back)
""",
        praise="One alias moved, no code, no training: that is a rollback.",
    ),
    "18.2": Exercise(
        check=check_promote,
        hints=(
            "Look before you move anything: the version behind Challenger has its tags with it.",
            'tags.get("validation_status") is None where nobody has set it: no reason to promote.',
            "Set Previous to the old Champion's version first, then Champion, then delete "
            "Challenger.",
        ),
        solution="""
def promote(client, name):
    challenger = client.get_model_version_by_alias(name, "Challenger")
    status = challenger.tags.get("validation_status")
    if status != "approved":
        raise ValueError(f"version {challenger.version} is not approved: {status}")
    champion = client.get_model_version_by_alias(name, "Champion")
    client.set_registered_model_alias(name, "Previous", champion.version)
    client.set_registered_model_alias(name, "Champion", challenger.version)
    client.delete_registered_model_alias(name, "Challenger")


lab.check("18.2", promote)
""",
        praise="It promotes what is approved, remembers the way back, and refuses the rest.",
    ),
}
