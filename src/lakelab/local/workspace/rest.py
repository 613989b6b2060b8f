"""REST over HTTP: parameters from requests, answers as JSON, and errors with Databricks' codes."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import (
    ApiError,
    UnityCatalogError,
)
from lakelab.local.workspace.api import Call, Handler
from lakelab.local.workspace.tokens import AccessTokens

AsyncEndpoint = Callable[[Request], Awaitable[Response]]

_logger = logging.getLogger(__name__)


def json_endpoint(handler: Handler, tokens: AccessTokens) -> AsyncEndpoint:
    """Return an HTTP endpoint that authenticates a request and answers with the handler's result."""

    async def endpoint(request: Request) -> Response:
        call = Call(authenticate(request, tokens), await _parameters(request))
        answer: dict[str, Any] | None = await run_in_threadpool(handler, call)
        return json_response(answer or {})

    return with_json_errors(endpoint)


def authenticate(request: Request, tokens: AccessTokens) -> str:
    """Return the user of a request's token.

    Raises
    ------
    ApiError
        ``UNAUTHENTICATED`` if the request has no token of this workspace.
    """
    return tokens.authenticate(request.headers.get("authorization", ""))


def with_json_errors(endpoint: AsyncEndpoint) -> AsyncEndpoint:
    """Return an endpoint that answers each error as JSON with a code, never with status 429 or 5xx.

    The clients retry those statuses, and answers that are not JSON, for minutes without a message.
    """

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException:
            raise
        except ClientDisconnect:
            return Response(status_code=400)  # no client is left to read it
        except Exception as error:
            # The only handler of all exceptions, at the HTTP boundary: it logs and answers the error
            refusal = to_api_error(error)
            if refusal.code == conditions.INTERNAL_ERROR:
                _logger.exception("%s %s", request.method, request.url.path)
            answer = {"error_code": refusal.code, "message": refusal.message}
            return json_response(answer, refusal.status)

    return guarded


def json_response(content: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON response in ASCII.

    Starlette's own JSON response is UTF-8, which fails for lone surrogates that a caller has sent.
    """
    return Response(json.dumps(content), status, media_type="application/json")


def to_api_error(error: Exception) -> ApiError:
    """Return the answer to an exception.

    Examples
    --------
    >>> error = UnityCatalogError("The schema has tables.", condition=conditions.SCHEMA_NOT_EMPTY)
    >>> to_api_error(error).code
    'INVALID_STATE'
    >>> to_api_error(ZeroDivisionError("division by zero")).message
    'The local workspace failed: ZeroDivisionError: division by zero'
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, UnityCatalogError):
        return ApiError(error.rest_code, error.rest_message)
    # An MlflowException is recognised by its code: importing the class here would import MLflow at
    # the start
    if isinstance(code := getattr(error, "error_code", None), str):
        message = getattr(error, "message", str(error))
        return ApiError(code, message.removeprefix(f"{code}: "))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return ApiError(
            conditions.INVALID_STATE,
            f"The local workspace cannot write {error.filename or 'its files'}: {error.strerror}. Free "
            "some space there, or set LAKELAB_HOME to a folder that you can write; then do it again.",
        )
    return ApiError(
        conditions.INTERNAL_ERROR, f"The local workspace failed: {type(error).__name__}: {error}"
    )


async def _parameters(request: Request) -> dict[str, Any]:
    """Collect the parameters of a request; body and query cannot override those of the path."""
    content = await request.body()
    try:
        body = json.loads(content) if content else {}
    except ValueError as error:  # UnicodeDecodeError is one
        raise ApiError(conditions.MALFORMED_REQUEST, f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise ApiError(conditions.MALFORMED_REQUEST, "The body is nested too deeply.") from error
    if not isinstance(body, dict):
        raise ApiError(conditions.MALFORMED_REQUEST, "The body is not a JSON object.")
    query: dict[str, Any] = {}
    for key in request.query_params:
        values = request.query_params.getlist(key)  # a list is sent as the same key several times
        query[key] = values[0] if len(values) == 1 else values
    return {**body, **query, **request.path_params}
