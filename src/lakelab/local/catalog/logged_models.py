"""Logged models of MLflow, from which model versions are created."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

NO_LOGGED_MODEL = "m-unknown"
"""The id of the logged model of a version that was created from none."""

_LOGGED_MODEL = re.compile(r"(?:^models:|/)/?(m-[0-9a-f]{32})(?=/|$)")
_LINKS_TAG = "mlflow.modelVersions"


def logged_model_id(source: str) -> str | None:
    """Return the id of the logged model in the source of a version, if the source contains one.

    Examples
    --------
    >>> logged_model_id("models:/m-0123456789abcdef0123456789abcdef")
    'm-0123456789abcdef0123456789abcdef'
    >>> logged_model_id("runs:/0123456789abcdef0123456789abcdef/model") is None
    True
    """
    match = _LOGGED_MODEL.search(source)
    return match[1] if match else None


def remove_link(client: MlflowClient, model_id: str, version: ModelVersion) -> None:
    """Remove the link to a version that an MLflow server writes on the logged model.

    The registering client writes the same link itself, as it does on Databricks: with both the UI would
    show the version twice.
    """
    tags = client.get_logged_model(model_id).tags
    links = json.loads(tags.get(_LINKS_TAG, "[]"))
    link_to_version = {"name": version.name, "version": int(version.version)}
    if others := [link for link in links if link != link_to_version]:
        client.set_logged_model_tags(model_id, {_LINKS_TAG: json.dumps(others)})
    elif links:
        client.delete_logged_model_tag(model_id, _LINKS_TAG)
