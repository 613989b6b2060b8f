"""The contract: signatures, attributes and imports are those of the official clients.

Three of them answer: the newest, and those of Databricks Runtime 18 ML and 17.3 ML. What may differ stands
in `contract.yaml`, with the reason. What lakelab leaves out is called, and the report shows what a caller
gets.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakelab.local.notebook.import_names import answer_official_names
from tests.local.feature_engineering import official_signatures as official

Described = dict[str, Any]
CONTRACT = yaml.safe_load(Path(__file__).with_name("contract.yaml").read_text(encoding="utf-8"))
NEWEST, *OLDER = official.VERSIONS
IN_WORKSPACE = "works in a Databricks workspace only"


@pytest.fixture(scope="module")
def official_clients() -> dict[str, Described]:
    """The description of each official client, from one process each."""
    missing = [v for v in official.VERSIONS if not (official.OFFICIAL / v / ".ready").exists()]
    if missing:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"the packages of {', '.join(missing)} are not installed: `make test` does it")
    return official.ask_all()


@pytest.fixture(scope="module")
def newest(official_clients: dict[str, Described]) -> Described:
    """The newest official client."""
    return official_clients[NEWEST]


@pytest.fixture(scope="module")
def ours() -> Described:
    """The description of lakelab under the official names."""
    answer_official_names()
    return official.describe()


# ---- signatures -----------------------------------------------------------------------------------
def test_members_are_those_of_the_newest_client(newest: Described, ours: Described) -> None:
    there, here = newest["members"], ours["members"]
    answered = {name: entry for name, entry in there.items() if _class_of(name) in _classes(here)}
    attributes = _attributes(ours)
    differing = {
        name
        for name, entry in answered.items()
        if here.get(name) != entry and not (entry == "property" and name in attributes)
    }
    missing = {name for name in differing if name not in here}
    # the missing methods of the client have their own error, which is tested below
    assert {n for n in missing if n not in _refused(here, there)} == set(CONTRACT["members"])
    extra = {name for name in here if name not in there}
    assert (differing - missing) | extra == set(CONTRACT["ours"]) - {"FeatureTable.tags"}


def test_older_clients_differ_as_listed(
    official_clients: dict[str, Described], ours: Described
) -> None:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for version in OLDER:
        for name, kind in _differences(official_clients[version], official_clients[NEWEST], ours):
            found[name][kind].append(version)
    known = {
        name: {kind: sorted(versions) for kind, versions in entry.items() if kind != "why"}
        for name, entry in CONTRACT["versions"].items()
    }
    assert {n: {k: sorted(v) for k, v in entry.items()} for n, entry in found.items()} == known
    assert all(entry["why"] for entry in CONTRACT["versions"].values())


def _differences(older: Described, newest: Described, ours: Described) -> Iterator[tuple[str, str]]:
    """Yield the differences of an older client from the newest, in members that lakelab has."""
    old, new, here = older["members"], newest["members"], ours["members"]
    lost = _classes(here) & _classes(new) - _classes(old)
    yield from ((name, "absent") for name in lost)
    for name in set(new) & set(here):
        if name in CONTRACT["ours"] or _class_of(name) in lost:
            continue
        if name not in old:
            yield name, "absent"
            continue
        if "property" in (old[name], new[name]):
            continue
        yield from _parameter_differences(name, old[name], new[name])
    for name in _attributes(newest) - _attributes(older) - set(here):
        if _class_of(name) not in lost and name not in CONTRACT["members"]:
            yield name, "absent"


def _parameter_differences(
    name: str, older: list[list[str]], newest: list[list[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a member that are absent, only, or other in the older client."""
    was, is_ = ({parameter[0]: parameter[1:] for parameter in one} for one in (older, newest))
    for parameter in {**was, **is_}:
        if parameter not in was:
            yield f"{name}({parameter})", "absent"
        elif parameter not in is_:
            yield f"{name}({parameter})", "only"
        elif was[parameter] != is_[parameter]:
            yield f"{name}({parameter})", "other"


@pytest.mark.parametrize("version", official.VERSIONS)
def test_arguments_of_each_client_are_accepted(
    official_clients: dict[str, Described], ours: Described, version: str
) -> None:
    """Each client's arguments are accepted by position, where possible, and by name."""
    bound = 0
    for name, parameters in official_clients[version]["members"].items():
        if name not in ours["members"] or parameters == "property" or name in CONTRACT["ours"]:
            continue
        signature = inspect.signature(_resolve(name))
        named = [p for p in parameters if "VAR" not in p[1]]
        positional = [p[0] for p in named if p[1] == "POSITIONAL_OR_KEYWORD"]
        keyword_only = {p[0]: None for p in named if p[1] == "KEYWORD_ONLY"}
        signature.bind(*positional, **keyword_only)
        signature.bind(
            *[p for p in positional if p == "self"],
            **{p: None for p in positional if p != "self"},
            **keyword_only,
        )
        required = {p[0]: None for p in named if p[2] == "required"}
        signature.bind(**required)
        bound += 1
    assert bound > 40


def _resolve(name: str) -> Any:
    """Return lakelab's class member or function of a name."""
    first, _, member = name.partition(".")
    places = {**official.CLASSES, **official.FUNCTIONS}
    thing = getattr(importlib.import_module(places[first]), first)
    return getattr(thing, member) if member else thing


def _class_of(name: str) -> str:
    return name.partition(".")[0]


def _classes(members: Described) -> set[str]:
    return {_class_of(name) for name in members}


def _attributes(described: Described) -> set[str]:
    """Return the attributes of the examples of each class, as "Class.name"."""
    return {
        f"{text.partition('(')[0]}.{name}"
        for text, made in described["examples"].items()
        if isinstance(made, dict)
        for name in made
    }


# ---- objects --------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", official.VERSIONS)
def test_objects_have_the_same_attributes_and_errors(
    official_clients: dict[str, Described], ours: Described, version: str
) -> None:
    absent = [n for n, entry in CONTRACT["versions"].items() if version in entry.get("absent", ())]
    others = {*CONTRACT["members"], *CONTRACT["ours"], *absent}
    for text, there in official_clients[version]["examples"].items():
        name = text.partition("(")[0]
        if name in others:
            continue
        assert _without(there, name, others) == _without(ours["examples"][text], name, others), text


def _without(made: dict[str, str] | str, of: str, others: set[str]) -> dict[str, str] | str:
    if isinstance(made, str):
        return made
    return {name: value for name, value in made.items() if f"{of}.{name}" not in others}


# ---- what is left out -----------------------------------------------------------------------------
def test_unsupported_names_have_an_explanation(
    official_clients: dict[str, Described],
    ours: Described,
    record_property: Callable[[str, object], None],
) -> None:
    """Call and import all names that only the official clients have; report the error of each."""
    answers: dict[str, set[str]] = defaultdict(set)
    for described in official_clients.values():
        for answer, name in _answers_to_absent_names(described, ours):
            answers[answer].add(name)
    assert not [answer for answer in answers if IN_WORKSPACE not in answer]
    for call, entry in CONTRACT["calls"].items():
        for error, words in entry.items():
            answers[_answer_of_call(call, error, words)].add(call)
    for member, why in CONTRACT["members"].items():
        answers[f"AttributeError ({why})"].add(member)
    lines = []
    for answer, names in sorted(answers.items()):
        lines += textwrap.wrap(", ".join(sorted(names)), 110, break_long_words=False)
        lines += [f"    {answer}"]
    record_property("table: what of the feature engineering clients is left out", "\n".join(lines))


def _answers_to_absent_names(described: Described, ours: Described) -> Iterator[tuple[str, str]]:
    """Yield the error and the name of each method, module and import of a client that lakelab lacks."""
    for name in _refused(ours["members"], described["members"]):
        yield _answer_of_method(name), f"fe.{name.partition('.')[2]}"
    for module in described["modules"]:
        answer = _answer_of_import(module)
        if answer is not None:
            yield answer, module
            continue
        for name in described["names"][module]:
            answer = _answer_of_import(module, name)
            if answer is not None:
                yield answer, name


def _refused(here: Described, there: Described) -> list[str]:
    """Return the methods of the client that lakelab lacks."""
    return [n for n in there if n.startswith("FeatureEngineeringClient.") and n not in here]


def _answer_of_method(name: str) -> str:
    from lakelab.local.feature_engineering import FeatureEngineeringClient

    method = name.partition(".")[2]
    with pytest.raises(NotImplementedError, match=rf"\.{method} {IN_WORKSPACE}") as refused:
        getattr(FeatureEngineeringClient(), method)(name="x")
    return _format_error(refused.value, f".{method} ", ".... ")


def _answer_of_import(module: str, name: str | None = None) -> str | None:
    """Import a module or name; return the error message, or None if the import works."""
    try:
        if name is None:
            importlib.import_module(module)
        else:
            exec(f"from {module} import {name}", {})
    except ImportError as error:
        return _format_error(error, f"'{name or module}'", "'...'")
    return None


def _answer_of_call(call: str, error: str, words: str) -> str:
    from databricks.feature_engineering import DatabricksOnlineStore, FeatureEngineeringClient
    from databricks.feature_store import FeatureStoreClient

    known = {
        "fe": FeatureEngineeringClient(),
        "fs": FeatureStoreClient(),
        "DatabricksOnlineStore": DatabricksOnlineStore,
        "FeatureStoreClient": FeatureStoreClient,
    }
    with pytest.raises(Exception) as refused:  # noqa: PT011 (which one is asserted)
        eval(call, known)
    assert type(refused.value).__name__ == error
    assert words in str(refused.value)
    return _format_error(refused.value)


def _format_error(error: Exception, name: str = "", short: str = "") -> str:
    """Return the type and the first sentence of an error, with the name shortened."""
    words = str(error).replace(name, short) if name else str(error)
    return f"{type(error).__name__}: {re.split(r'(?<=[^.][.]) ', words)[0]}"


@pytest.mark.parametrize("member", CONTRACT["members"])
def test_an_unsupported_member_is_an_attribute_error(member: str) -> None:
    answer_official_names()
    with pytest.raises(AttributeError):
        _resolve(member)
