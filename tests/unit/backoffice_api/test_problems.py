"""Errors as the API answers them."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from litestar import get
from litestar.testing import create_test_client

from chargewire.backoffice.api.problems import FieldError, Problem, exception_handlers, field_error, invalid


@get("/broken", sync_to_thread=False)
def broken() -> None:
    raise LookupError("the password is hidden")


def test_a_fault_of_ours_tells_nothing_about_itself() -> None:
    with create_test_client([broken], exception_handlers=exception_handlers(), raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hidden" not in answer.text
    assert "Traceback" not in answer.text
    assert "LookupError" not in answer.text


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    details = Problem(HTTPStatus.CONFLICT, "CP001 is not connected.").details
    assert (details.type, details.title, details.status) == ("about:blank", "Conflict", 409)


def test_an_invalid_request_names_every_field() -> None:
    problem = invalid([FieldError("a.b", "is required"), FieldError("", "must be an object")])
    assert problem.status == 422
    assert problem.detail == "a.b: is required; must be an object"


@pytest.mark.parametrize(
    ("field", "message", "expected"),
    [
        ("", "Object missing required field `status`", FieldError("status", "is required")),
        ("after", "Object missing required field `seq`", FieldError("after.seq", "is required")),
        ("", "Object contains unknown field `colour`", FieldError("colour", "is not known")),
        ("note", "Expected `str`, got `int`", FieldError("note", "Expected str, got int")),
    ],
)
def test_a_missing_or_unknown_field_is_the_offending_one(field: str, message: str, expected: FieldError) -> None:
    assert field_error(field, message) == expected
