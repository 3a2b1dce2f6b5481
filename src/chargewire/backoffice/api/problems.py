"""Every error of the API as problem+json (RFC 9457). Knows no resource; shows no traceback and no payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import ParameterKwarg

from chargewire.backoffice.store.base import StoreError

MEDIA_TYPE = "application/problem+json"

ExceptionHandler = Callable[[Request[Any, Any, Any], Any], Response["ProblemDetails"]]

_log = structlog.stdlib.get_logger(__name__)
_NAMED_FIELD = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>[^`]*)`")


class FieldError(msgspec.Struct, frozen=True):
    """One field of a request, and what is wrong with it."""

    field: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error answer. ``about:blank`` is RFC 9457's way to say that the status tells the kind."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET


class Problem(Exception):
    """Ends a request, or a command over Socket.IO, with an error answer.

    Attributes:
        status: HTTP status.
        detail: one sentence for the user.
        errors: the offending fields, when there are any.
        headers: further HTTP headers of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers: Mapping[str, str] = headers or {}

    @property
    def details(self) -> ProblemDetails:
        """The problem as it goes over the wire."""
        return ProblemDetails(
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            errors=list(self.errors) or msgspec.UNSET,
        )


def invalid(errors: Sequence[FieldError]) -> Problem:
    """Return the 422 that names every offending field."""
    named = "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in errors)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, named, errors=errors)


def field_error(field: str, message: str) -> FieldError:
    """Turn a finding of msgspec into a field error; a missing or unknown field is the offending one itself."""
    if match := _NAMED_FIELD.match(message):
        fault = "is required" if match["fault"] == "missing required" else "is not known"
        return FieldError(f"{field}.{match['name']}" if field else match["name"], fault)
    return FieldError(field, message.replace("`", ""))


def documented(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """Return the ``responses=`` of a route that can end in these problems, besides the 401 of every route."""
    return {
        status.value: ResponseSpec(
            ProblemDetails, description=status.phrase, media_type=MEDIA_TYPE, generate_examples=False
        )
        for status in (HTTPStatus.UNAUTHORIZED, *statuses)
    }


def exception_handlers() -> dict[int | type[Exception], ExceptionHandler]:
    """Return what Litestar needs to answer every exception with a problem."""
    return {
        Problem: _answer_problem,
        ValidationException: _answer_validation,
        HTTPException: _answer_http,
        StoreError: _answer_store,
        Exception: _answer_unexpected,
    }


def _answer_problem(_: Request[Any, Any, Any], problem: Problem) -> Response[ProblemDetails]:
    return _response(problem)


def _answer_validation(request: Request[Any, Any, Any], exc: ValidationException) -> Response[ProblemDetails]:
    """Litestar answers 400; a request that can be read but not accepted is a 422 here."""
    findings: list[dict[str, Any]] = exc.extra if isinstance(exc.extra, list) else []
    fields = [_name_on_the_wire(request, str(finding.get("key", ""))) for finding in findings]
    # Litestar says 'data' where there is no body at all.
    messages = ["a body is required" if it["message"] == "'data'" else str(it["message"]) for it in findings]
    errors = [field_error(field, message) for field, message in zip(fields, messages, strict=True)]
    return _response(invalid(errors) if errors else Problem(HTTPStatus.UNPROCESSABLE_ENTITY, exc.detail))


def _name_on_the_wire(request: Request[Any, Any, Any], key: str) -> str:
    """Undo the Python names that Litestar puts into its findings."""
    if key == "data":
        return ""
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    definition = parameter.kwarg_definition if parameter is not None else None
    return definition.name or key if isinstance(definition, ParameterKwarg) else key


def _answer_http(_: Request[Any, Any, Any], exc: HTTPException) -> Response[ProblemDetails]:
    return _response(Problem(HTTPStatus(exc.status_code), exc.detail, headers=exc.headers))


def _answer_store(request: Request[Any, Any, Any], exc: StoreError) -> Response[ProblemDetails]:
    _log.error("database failed", method=request.method, path=request.url.path, exc_info=exc)
    return _response(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database did not answer; the log tells why."))


def _answer_unexpected(request: Request[Any, Any, Any], exc: Exception) -> Response[ProblemDetails]:
    _log.error("request failed", method=request.method, path=request.url.path, exc_info=exc)
    return _response(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the log tells what."))


def _response(problem: Problem) -> Response[ProblemDetails]:
    return Response(
        problem.details, status_code=problem.status.value, media_type=MEDIA_TYPE, headers=dict(problem.headers)
    )
