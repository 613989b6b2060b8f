"""The workspace API of Databricks on 127.0.0.1, as its documentation describes it, for `lakelab upload`.

https://docs.databricks.com/api/workspace/workspace: the workspace stores notebooks as cells, not as
files. An export has the same cells as the import, but other JSON.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lakelab.local.system.http_server import LoopbackServer

USER, TOKEN = "ana@example.com", "dapi-ana"
HOME = f"/Users/{USER}"
CONTENT_LIMIT = 10 * 1024 * 1024
HEADER = "# Databricks notebook source"
SEPARATOR = "\n\n# COMMAND ----------\n\n"


class Refusal(Exception):
    """An error response of the API."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Notebook:
    """The cells of a notebook with their outputs."""

    cells: list[dict[str, Any]]
    runs: int = 0

    def run(self) -> None:
        """Write outputs and counts as a run does; the sources stay."""
        self.runs += 1
        for number, cell in enumerate(self.cells, start=1):
            if cell["kind"] == "code":
                cell["outputs"] = [
                    {"output_type": "stream", "name": "stdout", "text": [f"{number}"]}
                ]


@dataclass
class Tree:
    """The objects of the workspace: path without /Workspace -> None for a folder, a notebook, or bytes."""

    objects: dict[str, Notebook | bytes | None] = field(
        default_factory=lambda: {"/": None, "/Users": None, "/Shared": None, HOME: None}
    )

    def notebook(self, path: str) -> Notebook:
        """Return a notebook."""
        found = self.objects[path]
        assert isinstance(found, Notebook), path
        return found


class WorkspaceDouble:
    """A running workspace with one user.

    Attributes
    ----------
    writes : list of str
        The path of each object that was created, replaced or deleted.
    max_file_bytes : int
        The size limit of a workspace file.
    before_write : callable
        Called with a path before the write; it may block, or raise a `Refusal`.
    export_source : callable
        Converts the source of a cell for an export.
    hang_up_in : str
        The end of a path. The body of an import to it is read in part only, until `go_on` is set. `hung` is
        set at that moment.
    """

    def __init__(self) -> None:
        self.reset()
        self._lock = threading.Lock()
        self._server = LoopbackServer("workspace double")
        self.url = self._server.url

    def reset(self) -> None:
        """Delete all objects, and release calls that wait for `go_on`."""
        if hasattr(self, "go_on"):
            self.go_on.set()
        self.tree = Tree()
        self.writes: list[str] = []
        self.max_file_bytes = 500_000_000
        self.before_write: Callable[[str], object] = lambda path: None
        self.export_source: Callable[[str], str] = lambda source: source
        self.hang_up_in = ""
        self.hung, self.go_on = threading.Event(), threading.Event()
        self.tokens = {TOKEN}

    def start(self) -> WorkspaceDouble:
        """Start the server."""
        calls = {
            ("GET", "/api/2.0/preview/scim/v2/Me"): self._me,
            ("GET", "/api/2.0/workspace/get-status"): self._get_status,
            ("GET", "/api/2.0/workspace/list"): self._list,
            ("GET", "/api/2.0/workspace/export"): self._export,
            ("POST", "/api/2.0/workspace/import"): self._import,
            ("POST", "/api/2.0/workspace/mkdirs"): self._mkdirs,
        }
        routes = [
            Route(path, self._answer(call), methods=[how]) for (how, path), call in calls.items()
        ]
        self._server.start(Starlette(routes=routes, exception_handlers={404: _unknown}))
        return self

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop()

    def _answer(self, call):
        async def endpoint(request: Request) -> Response:
            try:
                if (
                    request.headers.get("authorization", "").removeprefix("Bearer ")
                    not in self.tokens
                ):
                    raise Refusal(403, "PERMISSION_DENIED", "Invalid access token.")
                arguments = {**await self._body(request), **request.query_params}
                result = await run_in_threadpool(call, arguments)
                return result if isinstance(result, Response) else JSONResponse(result)
            except Refusal as refusal:
                return JSONResponse(
                    {"error_code": refusal.code, "message": refusal.message}, refusal.status
                )
            except ClientDisconnect:  # an incomplete body is discarded
                return Response(status_code=400)

        return endpoint

    async def _body(self, request: Request) -> dict[str, Any]:
        body = b""
        async for chunk in request.stream():
            body += chunk
            path = re.search(rb'name="path"\r\n\r\n([^\r]+)\r', body[:2000])
            if path and self.hang_up_in and path[1].endswith(self.hang_up_in.encode()):
                self.hang_up_in = ""
                self.hung.set()
                await run_in_threadpool(self.go_on.wait)
                raise ClientDisconnect  # regardless of the part that was sent
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return _form(kind, body)
        return json.loads(body) if body else {}

    # ---- calls -------------------------------------------------------------------------------
    def _me(self, arguments):
        return {"id": "1", "userName": USER, "active": True}

    def _get_status(self, arguments):
        return self._info(self._existing_path(arguments["path"]))

    def _list(self, arguments):
        path = self._existing_path(arguments["path"])
        if self.tree.objects[path] is not None:
            return {"objects": [self._info(path)]}
        children = [one for one in self.tree.objects if _parent(one) == path and one != "/"]
        return {"objects": [self._info(one) for one in sorted(children)]} if children else {}

    def _export(self, arguments):
        path = self._existing_path(arguments["path"])
        found, form = self.tree.objects[path], arguments.get("format", "SOURCE")
        if isinstance(found, Notebook):
            content = _jupyter(found, self.export_source) if form == "JUPYTER" else exported(found)
        elif found is None or form not in ("AUTO", "SOURCE"):
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"{path} cannot be exported as {form}.")
        else:
            content = found
        if arguments.get("direct_download") == "true":
            return Response(content, media_type="application/octet-stream")
        if len(content) > CONTENT_LIMIT:
            raise Refusal(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", f"Size exceeds {CONTENT_LIMIT} bytes")
        return {"content": base64.b64encode(content).decode()}

    def _mkdirs(self, arguments):
        path = self._writable_path(arguments["path"])
        with self._lock:
            for parent in _path_and_parents(path):
                if self.tree.objects.get(parent, ...) is ...:
                    self._write(parent, None)
                elif self.tree.objects[parent] is not None:
                    raise Refusal(400, "RESOURCE_ALREADY_EXISTS", f"{parent} is not a directory.")
        return {}

    def _import(self, arguments):
        path, form = self._writable_path(arguments["path"]), arguments.get("format", "SOURCE")
        if isinstance(content := arguments["content"], str):
            if len(content) > CONTENT_LIMIT:
                message = f"File size imported is ({len(content)} bytes), exceeded max size"
                raise Refusal(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", message)
            content = base64.b64decode(content)
        if len(content) > self.max_file_bytes:
            message = f"File size imported is ({len(content)} bytes), exceeded max size"
            raise Refusal(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", message)
        path, imported = _imported(path, content, form, arguments.get("language"))
        self.before_write(path)
        with self._lock:
            if self.tree.objects.get(_parent(path), ...) is not None:
                message = f"The parent folder ({_parent(path)}) does not exist."
                raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", message)
            if path in self.tree.objects:
                if str(arguments.get("overwrite")).lower() != "true":
                    raise Refusal(400, "RESOURCE_ALREADY_EXISTS", f"{path} already exists.")
                if type(self.tree.objects[path]) is not type(imported):
                    message = f"Cannot overwrite the asset at {path} due to type mismatch."
                    raise Refusal(400, "INVALID_PARAMETER_VALUE", message)
            self._write(path, imported)
        return {}

    # ---- the tree ----------------------------------------------------------------------------
    def _write(self, path: str, content: Notebook | bytes | None) -> None:
        self.tree.objects[path] = content
        self.writes.append(path)

    def _existing_path(self, given: str) -> str:
        path = _canonical(given)
        if path not in self.tree.objects:
            raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({given}) doesn't exist.")
        return path

    def _writable_path(self, given: str) -> str:
        path = _canonical(given)
        if not path.startswith((f"{HOME}/", "/Shared/")):
            message = f"{USER} does not have required permissions to create {given}."
            raise Refusal(403, "PERMISSION_DENIED", message)
        return path

    def _info(self, path: str) -> dict[str, Any]:
        found = self.tree.objects[path]
        info: dict[str, Any] = {"path": path, "object_id": abs(hash(path)) % 10**9}
        if found is None:
            return {**info, "object_type": "DIRECTORY"}
        if isinstance(found, Notebook):
            return {**info, "object_type": "NOTEBOOK", "language": "PYTHON"}
        return {**info, "object_type": "FILE", "size": len(found)}


async def _unknown(request: Request, error: Exception) -> Response:
    message = f"No API found for '{request.method} {request.url.path}'"
    return JSONResponse({"error_code": "ENDPOINT_NOT_FOUND", "message": message}, 404)


def _canonical(given: str) -> str:
    if not given.startswith("/"):
        message = f"Path ({given}) doesn't start with '/'"
        raise Refusal(400, "INVALID_PARAMETER_VALUE", message)
    return given.removeprefix("/Workspace") or "/"


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _path_and_parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _form(kind: str, body: bytes) -> dict[str, Any]:
    boundary = kind.partition("boundary=")[2].strip('"')
    fields: dict[str, Any] = {}
    for part in body.split(f"--{boundary}".encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)[1].decode()
        fields[name] = value if name == "content" else value.decode("utf-8")
    return fields


# ---- notebooks -------------------------------------------------------------------------------
def _imported(path: str, content: bytes, form: str, language: str | None):
    """Return the path and the object of an import; `AUTO` decides by the suffix and the first line."""
    stem, _, suffix = path.rpartition(".")
    if form == "AUTO" and suffix == "ipynb":
        path, form = stem, "JUPYTER"
    elif form == "AUTO" and suffix == "py" and content.startswith(HEADER.encode()):
        path, form, language = stem, "SOURCE", "PYTHON"
    if form == "AUTO":
        return path, content
    if form == "JUPYTER":
        try:
            return path, Notebook([_kept(cell) for cell in json.loads(content)["cells"]])
        except (KeyError, TypeError, ValueError) as error:
            message = f"The notebook at {path} is malformed: {error!r}"
            raise Refusal(400, "INVALID_PARAMETER_VALUE", message) from error
    if form == "SOURCE" and language:
        text = content.decode("utf-8").replace("\r\n", "\n").strip().removeprefix(HEADER)
        sources = [source.strip("\n") for source in text.split(SEPARATOR.strip("\n"))]
        return path, Notebook([{"kind": "code", "source": one, "outputs": []} for one in sources])
    raise Refusal(400, "INVALID_PARAMETER_VALUE", f"format {form} needs a language")


def _kept(cell: dict[str, Any]) -> dict[str, Any]:
    kind, source = cell["cell_type"], "".join(cell["source"])
    return {"kind": kind, "source": source, "outputs": list(cell.get("outputs", []))}


def _jupyter(notebook: Notebook, export_source: Callable[[str], str]) -> bytes:
    """Export: other metadata, other order of keys, no ids, a blank at the end of some lines."""
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        meta = {"application/vnd.databricks.v1+cell": {"nuid": f"{number:08x}", "showTitle": False}}
        exported_cell = {"metadata": meta, "cell_type": cell["kind"]}
        if cell["kind"] == "code":
            count = number if notebook.runs else 0
            exported_cell |= {"execution_count": count, "outputs": cell["outputs"]}
        lines = export_source(cell["source"]).split("\n")
        exported_cell["source"] = [f"{line}\n" for line in lines[:-1]] + [f"{lines[-1]} "]
        cells.append(exported_cell)
    metadata = {"application/vnd.databricks.v1+notebook": {"language": "python", "widgets": {}}}
    document = {"nbformat_minor": 0, "nbformat": 4, "metadata": metadata, "cells": cells}
    return json.dumps(document).encode()


def exported(notebook: Notebook) -> bytes:
    """Export in the source format."""
    return f"{HEADER}\n{SEPARATOR.join(cell['source'] for cell in notebook.cells)}".encode()
