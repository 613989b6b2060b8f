"""The local workspace answers each request in JSON, with an official error code, and never with 500."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from mlflow.protos.databricks_pb2 import ErrorCode

from lakelab.local.workspace import LocalWorkspace

from .asgi import Answer
from .conftest import MODEL, PLAIN, SCHEMA, SECRET, ServedWorkspace

CODES = set(ErrorCode.keys()) - {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "IO_ERROR"}
EXAMPLES = 5
"""The number of calls for each route and method."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO"]

# parameters by name, with values that are valid in the API
SENSIBLE: dict[str, list[Any]] = {
    "name": [MODEL, PLAIN, SCHEMA, "main", "main.fuzz.weather"],
    "full_name": ["main.fuzz.weather"],
    "catalog_name": ["main"],
    "schema_name": ["fuzz"],
    "new_name": ["late", "main.fuzz.late"],
    "kind": ["function", "table", "schema", "catalog"],
    "version": ["1", 1, "2"],
    "version_num": [1],
    "alias": ["Champion"],
    "key": ["owner"],
    "value": ["ana"],
    "tags": [[{"key": "owner", "value": "ana"}]],
    "changes": [[{"principal": "ana@example.com", "add": ["EXECUTE"], "remove": []}]],
    "path": [
        f"/Models/{MODEL.replace('.', '/')}/1/MLmodel",
        "/Users/learner@example.com",
        "MLmodel",
    ],
    "source": ["x", "dbfs:/databricks/mlflow/tmp-external-source/x", f"models:/{PLAIN}/1"],
    "run_id": ["0" * 32],
    "model_id": ["m-" + "0" * 32],
    "stage": ["Production", "Staging"],
    "stages": [["Production"]],
    "archive_existing_versions": [True, "true"],
    "filter": [f"name='{MODEL}'", f"name = '{PLAIN}'", "tags.a = 'b'"],
    "order_by": [["name ASC"], "name"],
    "max_results": [10, "10"],
    "page_size": [10],
    "page_token": ["MTA="],
    "description": ["text"],
    "comment": ["text"],
    "owner": ["ana@example.com"],
    "principal": ["ana@example.com"],
    "force": [True, "true"],
    "recursive": [True],
    "operation": ["MODEL_VERSION_OPERATION_READ_WRITE"],
    "capacity": ["CU_1"],
    "read_replica_count": [1],
    "update_mask": ["capacity", "*"],
    "publish_spec": [
        {"online_store": "s", "online_table_name": "main.fuzz.online", "publish_mode": "TRIGGERED"}
    ],
    "source_table_name": ["main.fuzz.weather"],
    "online_table_name": ["main.fuzz.online"],
    "pipeline_id": ["p"],
}

STRANGE_TEXT = st.sampled_from(
    ["", " ", "..", "../../secret", "/etc/passwd", "a\0b", "\ud800", "'", "x" * 3000, "Ä.ß.😀", "-1",
     "1e9", "9" * 30, "NaN", "%2e%2e", "a/../..", "C:\\x", "models:/", "file:///etc", "null", "::", "a.b.c.d"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**40, -(10**40), 2**63, 0])
    | st.floats()
    | st.text(max_size=20)
    | STRANGE_TEXT
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


NAMES = (
    ("unity-catalog/model", MODEL),
    ("unity-catalog/registered-models", MODEL),
    ("/registered-models/", PLAIN),
    ("/model-versions/", PLAIN),
    ("/tables", "main.fuzz.weather"),
    ("/schemas", SCHEMA),
    ("/catalogs", "main"),
    ("", MODEL),
)
"""Part of a path -> the name of an object for this path; the first match counts."""


@st.composite
def parameters(draw: st.DrawFn, path: str) -> dict[str, Any]:
    """Draw parameters, most of them valid: a call without valid parameters fails too early."""
    drawn: dict[str, Any] = {}
    strange = draw(st.sets(st.sampled_from(sorted(SENSIBLE)), max_size=2))
    for name, choices in SENSIBLE.items():
        if name in strange:
            drawn[name] = draw(VALUES)
        elif draw(st.integers(0, 9)):
            drawn[name] = draw(st.sampled_from(choices))
    if "name" not in strange:
        drawn["name"] = next(name for part, name in NAMES if part in path)
    return drawn


NONSENSE = (
    VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=30)
    | st.sampled_from(
        [b"[" * 50_000, b'{"name": "\xff"}', b"\xef\xbb\xbf{}", b"{}{}", b'{"a":1,', b'"x"']
    )
)
NASTY = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"name": null}',
    b'{"name": {"a": 1}}',
    b'{"name": ["main"]}',
    b'{"name": 7, "version": -1, "max_results": "many"}',
    b'{"name": "main.x.\\u0000", "version": "1e9"}',
    b'{"name": "MODEL", "alias": "\\ud800", "version": "1", "key": "\\ud800", "value": "x"}',
    b'{"name": "MODEL", "description": "\\u0000", "key": "", "alias": "a b", "version": "1"}',
    b'{"name": "MODEL", "tags": "x", "source": "s", "changes": {}}',
    b'{"name": "MODEL", "tags": [{"key": 1.5}], "source": "s", "changes": [7]}',
    b'{"name": "MODEL", "source": "file:///\\u0000", "run_id": "../..", "model_id": "m-1"}',
    b'{"name": "MODEL", "changes": [{"principal": "p", "add": "EXECUTE"}]}',
    b'{"name": "MODEL", "page_token": "###", "filter": "name=\'MODEL\'"}',
    b'{"name": "MODEL", "page_token": "LTk=", "filter": "name=\'MODEL\'"}',
    b'{"path": "/Models/PATH/1/x", "name": "' + b"a" * 5000 + b'"}',
    b'{"path": "/Models/PATH/1/' + b"a" * 5000 + b'", "name": "main"}',
]
"""Bodies that failed once, or might fail; `MODEL` and `PATH` stand for name and path of the model."""

CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "\xff",
    ]
)


def routes(workspace: LocalWorkspace) -> list[tuple[str, str]]:
    return sorted(
        (method, route.path)
        for route in workspace.app.routes
        for method in route.methods - {"HEAD"}
    )


def test_no_request_is_an_internal_error(served: ServedWorkspace) -> None:
    all_routes = routes(served.workspace)
    answered: dict[str, set[int]] = {path: set() for _, path in all_routes}
    for number, route in enumerate(all_routes):

        @seed(number)
        @given(st.just(route), st.data())
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        def send(route: tuple[str, str], data: st.DataObject) -> None:
            answered[route[1]].add(send_drawn_request(served, *route, data))

        send()
    # not all requests were refused at once: most routes had a success
    assert sum(200 in statuses for statuses in answered.values()) > 0.5 * len(answered)


def send_drawn_request(served: ServedWorkspace, method: str, path: str, data: st.DataObject) -> int:
    """Send a request with drawn parameters, body and content type; check and return the status."""
    drawn = data.draw(parameters(path), label="in the path and the query")
    target = drawn_target(method, path, drawn, data)
    if data.draw(st.integers(0, 19)) == 19:
        method = data.draw(st.sampled_from(METHODS))
    body: Any = drawn
    if data.draw(st.integers(0, 3)) == 3:
        nasty = st.sampled_from(NASTY).map(
            lambda text: text.replace(b"MODEL", MODEL.encode()).replace(
                b"PATH", MODEL.replace(".", "/").encode()
            )
        )
        body = data.draw(nasty | NONSENSE, label="body")
    content_type = data.draw(CONTENT_TYPES, label="content type")

    answer = served.call(method, target, body, content_type=content_type)

    check_answer(method, path, target, answer)
    if method in ("DELETE", "PATCH") or path.endswith(("/rename", "/delete")):
        served.fill()
    return answer.status


def drawn_target(method: str, path: str, drawn: dict[str, Any], data: st.DataObject) -> str:
    """Return a path with the parameters in it, and perhaps a query."""

    def fill(match: re.Match[str]) -> str:
        value = drawn.get(match[1]) or data.draw(STRANGE_TEXT, label=match[1])
        return quote(str(value).encode("utf-8", "surrogatepass"), safe="/%")

    target = re.sub(r"\{(\w+)(?::path)?\}", fill, path)
    if method == "GET" or data.draw(st.booleans()):
        pairs = ((k, v) for k, v in drawn.items() if isinstance(v, str | int))
        target += "?" + "&".join(
            f"{k}={quote(str(v).encode('utf-8', 'surrogatepass'))}" for k, v in pairs
        )
    return target


def check_answer(method: str, path: str, target: str, answer: Answer) -> None:
    """Check that an answer has a status below 429, and JSON with an official error code."""
    sent_and_answered = (method, target, answer.status, answer.body[:300])
    assert answer.status < 429, sent_and_answered
    assert SECRET.encode() not in answer.body, sent_and_answered
    if method == "HEAD" or path.startswith("/presigned"):
        return
    assert answer.content_type == "application/json", sent_and_answered
    if answer.status >= 400:
        assert set(answer.json) == {"error_code", "message"}, sent_and_answered
        assert answer.code in CODES, sent_and_answered
    else:
        assert answer.code is None, sent_and_answered
