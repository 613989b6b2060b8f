"""The record of earlier uploads, which is a file in the folder of the course."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from lakelab.upload.course import Item
from lakelab.upload.errors import UploadError
from lakelab.upload.login import lakelab_version

MANIFEST = "lakelab-upload.json"
FORMAT = 1


@dataclass
class Manifest:
    """The fingerprints of all items that lakelab uploaded to a folder, or was about to upload.

    The manifest is written before the first item, so that no upload is missing in it. An item with such a
    fingerprint is a version of lakelab, and replacing it loses no work. An item with another fingerprint
    has changes of the user.

    Parameters
    ----------
    uploaded : dict
        Path -> uploaded fingerprint -> fingerprint of the export right after the upload. Both are the same
        in all known cases. A workspace that writes a source differently is recorded, and its exports are
        not mistaken for changes of the user.
    readable : bool
        Whether the folder had no manifest, or a valid one.
    """

    uploaded: dict[str, dict[str, str]] = field(default_factory=dict)
    readable: bool = True

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Manifest:
        """Read a manifest. An invalid one counts as empty: all items that differ are then kept.

        Raises
        ------
        UploadError
            If a newer lakelab wrote it.
        """
        try:
            document = json.loads(content)
            format_version = int(document["format"])
            uploaded = {path: dict(sent) for path, sent in document["uploaded"].items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls(readable=False)
        if format_version > FORMAT:
            raise UploadError(
                f"{where} was written by lakelab {document.get('lakelab')}, whose uploads this lakelab "
                f"{lakelab_version()} does not know. Expected format {FORMAT}, it has {format_version}. Update lakelab: "
                "git pull"
            )
        return cls(uploaded)

    def current_fingerprints(self, item: Item) -> set[str]:
        """Return the fingerprints that the current version of an item has in the workspace."""
        sent = self.uploaded.get(item.path, {})
        return {item.fingerprint, sent.get(item.fingerprint, item.fingerprint)}

    def known_fingerprints(self, item: Item) -> set[str]:
        """Return the fingerprints of all versions that lakelab uploaded to the path of an item."""
        sent = self.uploaded.get(item.path, {})
        return {*sent, *sent.values()}

    def with_all(self, items: Iterable[Item]) -> Manifest:
        """Return a manifest with these items added."""
        uploaded = {path: dict(sent) for path, sent in self.uploaded.items()}
        for item in items:
            uploaded.setdefault(item.path, {}).setdefault(item.fingerprint, item.fingerprint)
        return Manifest(uploaded)

    def record_exported(self, item: Item, fingerprint: str) -> bool:
        """Record the fingerprint of the export of an item; return whether it is new."""
        is_new = fingerprint not in self.current_fingerprints(item)
        self.uploaded[item.path][item.fingerprint] = fingerprint
        return is_new

    def to_json(self) -> bytes:
        """Serialize the manifest."""
        document = {
            "about": "What lakelab upload put into this folder: by this it tells your changes from its own.",
            "format": FORMAT,
            "lakelab": lakelab_version(),
            "uploaded": dict(sorted(self.uploaded.items())),
        }
        return (json.dumps(document, indent=1) + "\n").encode()
