"""Exercises of lesson 17: find versions by a tag, and delete a tag after a review."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lakelab.lessons.exercise import CheckContext, Exercise

NAME = "main.rehearsal.flight_delay"


@dataclass
class Model:
    """A registered model with its tags."""

    tags: dict[str, str]
    name: str = NAME
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass
class Version:
    """A version with its tags, as `get_model_version` returns it."""

    version: str
    tags: dict[str, str]
    name: str = NAME


@dataclass
class Found:
    """A version from a search, which has no tags in Unity Catalog."""

    version: str
    name: str = NAME

    def tags(self) -> None:
        raise Exception(
            "UC Model Versions gathered through search_model_versions do not have tags. "
            "Please use get_model_version to obtain an individual version's tags."
        )


class Rehearsal:
    """A registry in memory with the tag calls of MlflowClient, as Unity Catalog answers them.

    Parameters
    ----------
    versions : dict of int to dict
        Number -> tags of the version.
    """

    def __init__(self, versions: dict[int, dict[str, str]]):
        from mlflow.exceptions import MlflowException

        self._error = MlflowException
        self.versions = {str(number): dict(tags) for number, tags in versions.items()}
        self.model_tags = {"task": "regression"}

    def get_registered_model(self, name: str) -> Model:
        self._check(name)
        return Model(dict(self.model_tags))

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        self._check(name)
        self.model_tags[key] = str(value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._check(name)
        self.model_tags.pop(key, None)

    def search_registered_models(self, filter_string: str | None = None) -> list[Model]:
        if filter_string is not None:
            raise self._error(
                "Argument 'filter_string' is unsupported for models in the Unity Catalog."
            )
        return [self.get_registered_model(NAME)]

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> list[Found]:
        if order_by is not None:
            raise self._error("Argument 'order_by' is unsupported for models in the Unity Catalog.")
        query = (filter_string or "").replace(" ", "").replace('"', "'")
        if query != f"name='{NAME}'":
            raise self._error(
                f"Unsupported filter query : `{filter_string or ''}`. Please specify your filter "
                f"parameter in the format `name = '{NAME}'`."
            )
        return [Found(number) for number in reversed(self.versions)]

    def get_model_version(self, name: str, version: Any) -> Version:
        self._check(name)
        if str(version) not in self.versions:
            raise self._error(f"Model Version '{name}' version {version} does not exist.")
        return Version(str(version), dict(self.versions[str(version)]))

    def set_model_version_tag(
        self, name: str, version: Any = None, key: str | None = None, value: Any = None
    ) -> None:
        self.get_model_version(name, version)
        self.versions[str(version)][str(key)] = str(value)

    def delete_model_version_tag(
        self, name: str, version: Any = None, key: str | None = None
    ) -> None:
        if not isinstance(version, str):
            raise TypeError("bad argument type for built-in operation: give the version as text")
        self.get_model_version(name, version)
        self.versions[version].pop(str(key), None)

    def _check(self, name: str) -> None:
        if name != NAME:
            raise self._error(f"There is no model '{name}', only '{NAME}'.")


def check_find(lab: CheckContext, find: Any) -> list[str]:
    """Check the function with two tags among twelve versions, and with a value that no version has."""
    versions: dict[int, dict[str, str]] = {number: {} for number in range(1, 13)}
    versions[2]["validation_status"] = versions[11]["validation_status"] = "approved"
    versions[3]["validation_status"] = "Approved"
    versions[4]["validation_status"] = "pending"
    versions[5]["approved"] = "validation_status"
    versions[10]["region"] = "approved"
    wrong = []
    for key, value, expected in [
        ("validation_status", "approved", [2, 11]),
        ("region", "approved", [10]),
        ("validation_status", "rejected", []),
    ]:
        registry = Rehearsal(versions)
        found, mistakes = _call(find, "find", registry, key, value)
        if mistakes:
            return mistakes
        if registry.versions != Rehearsal(versions).versions:
            return ["It changes tags; it should only look."]
        wrong += _compare(found, expected, f"{key} = {value}")
    return wrong[:1]  # the other messages repeat the first


def _compare(found: Any, expected: list[int], what: str) -> list[str]:
    if found == expected:
        return []
    if not isinstance(found, (list, tuple)):
        return [f"It returns {type(found).__name__}, expected a list of numbers."]
    if any(isinstance(number, str) for number in found):
        return [f"For {what} it returns {found!r}; expected whole numbers: int(...)."]
    if sorted(found, key=str) == sorted(expected, key=str):
        return [f"For {what} it returns {list(found)}: the right versions, not sorted by number."]
    return [f"For {what} it returns {list(found)}, expected {expected}."]


def check_close_review(lab: CheckContext, close_review: Any) -> list[str]:
    """Check the function on the end of two reviews, one after the other."""
    tags = [
        {"validation_status": "approved", "trained_on": "June"},
        {"validation_status": "pending", "trained_on": "July"},
        {},
        {"validation_status": "rejected"},
        {"validation_status": "pending"},
    ]
    registry = Rehearsal(dict(enumerate(tags, start=1)))
    for day in ("2013-09-30", "2013-10-31"):
        _, mistakes = _call(close_review, "close_review", registry, day)
        if mistakes:
            return mistakes
        wrong = _left(registry, tags) + _model_tags(registry, day)
        if wrong:
            return wrong
    return []


def _left(registry: Rehearsal, before: list[dict[str, str]]) -> list[str]:
    wrong = []
    for number, tags in enumerate(before, start=1):
        now = registry.versions[str(number)]
        was_pending = tags.get("validation_status") == "pending"
        expected = {k: v for k, v in tags.items() if not (was_pending and k == "validation_status")}
        if now == expected:
            continue
        if was_pending and "validation_status" in now:
            value = now["validation_status"]
            wrong.append(
                f"Version {number} was pending, and has validation_status {value!r} now: delete the "
                f"tag, an empty value or None is a value."
            )
        else:
            wrong.append(f"Version {number} has {now or 'no tags'} now, expected {expected}.")
    return wrong


def _model_tags(registry: Rehearsal, day: str) -> list[str]:
    if registry.model_tags == {"task": "regression", "last_review": day}:
        return []
    if "last_review" not in registry.model_tags:
        return ["The registered model has no tag last_review: set_registered_model_tag."]
    return [
        f"The registered model has the tags {registry.model_tags}, expected last_review = {day} "
        f"beside what it had."
    ]


def _call(function: Any, name: str, registry: Rehearsal, *arguments: Any) -> tuple[Any, list[str]]:
    """Call the learner's function; return its result and the message of an error."""
    if not callable(function):
        return None, [f"{name} should be a function, not {type(function).__name__}."]
    try:
        return function(registry, NAME, *arguments), []
    except AttributeError as error:
        if "Rehearsal" not in str(error):
            return None, [f"{name} raised AttributeError: {error}. {_HINT}"]
        calls = ", ".join(call for call in dir(registry) if "_model" in call and call[0] != "_")
        message = str(error).replace("Rehearsal", "rehearsal client")
        return None, [f"{message}. It has: {calls}."]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        hint = f" {_HINT}" if "method" in str(error) else ""
        return None, [f"{name} raised {type(error).__name__}: {error}{hint}"]


_HINT = "What a search finds has no tags: get_model_version has them."

EXERCISES = {
    "17.1": Exercise(
        check=check_find,
        hints=(
            "search_model_versions takes one filter here: f\"name='{name}'\".",
            "What it finds has numbers and no tags: client.get_model_version(name, v.version).tags",
            "tags.get(key) == value is False where the tag is missing. sorted(int(v.version) ...)",
        ),
        solution="""
def find(client, name, key, value):
    listed = client.search_model_versions(f"name='{name}'")
    versions = [client.get_model_version(name, found.version) for found in listed]
    return sorted(int(v.version) for v in versions if v.tags.get(key) == value)


lab.check("17.1", find)
""",
        praise="Listed, fetched, filtered: that is how one searches by tag in Unity Catalog.",
    ),
    "17.2": Exercise(
        check=check_close_review,
        hints=(
            "First find the pending versions: list them, get each, look at its tag.",
            "delete_model_version_tag(name, version, key) removes a tag; give the version as text.",
            'client.set_registered_model_tag(name, "last_review", day) is for the model itself.',
        ),
        solution="""
def close_review(client, name, day):
    for found in client.search_model_versions(f"name='{name}'"):
        version = client.get_model_version(name, found.version)
        if version.tags.get("validation_status") == "pending":
            client.delete_model_version_tag(name, str(version.version), "validation_status")
    client.set_registered_model_tag(name, "last_review", day)


lab.check("17.2", close_review)
""",
        praise="Removed where it was pending, kept where somebody decided, noted on the model.",
    ),
}
