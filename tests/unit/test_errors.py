"""Error codes in the spelling of each version, and what the errors carry."""

from __future__ import annotations

import pytest

from chargewire.errors import (
    CallRejected,
    CallTimeout,
    ConnectionLost,
    ErrorCode,
    InvalidPayload,
    MalformedFrame,
    NotConnected,
    OcppError,
    UpgradeRefused,
    read_code,
    spell,
)

STANDARD = [code for code in ErrorCode if code not in {"MessageTypeNotSupported", "RpcFrameworkError"}]


@pytest.mark.parametrize("subprotocol", ["ocpp2.0.1", "ocpp2.1"])
def test_version_2_spells_every_code_as_it_is_named(subprotocol: str) -> None:
    assert [spell(code, subprotocol) for code in ErrorCode] == [code.value for code in ErrorCode]


@pytest.mark.parametrize(
    ("code", "spelling"),
    [
        (ErrorCode.FORMAT_VIOLATION, "FormationViolation"),
        (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "OccurenceConstraintViolation"),
    ],
)
def test_version_16_keeps_its_two_odd_spellings(code: ErrorCode, spelling: str) -> None:
    """RPC-090, RPC-099."""
    assert spell(code, "ocpp1.6") == spelling


@pytest.mark.parametrize(
    ("code", "stand_in"),
    [
        (ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "GenericError"),
        (ErrorCode.RPC_FRAMEWORK_ERROR, "FormationViolation"),
    ],
)
def test_version_16_has_a_stand_in_for_the_codes_it_lacks(code: ErrorCode, stand_in: str) -> None:
    assert spell(code, "ocpp1.6") == stand_in


def test_the_other_codes_are_the_same_in_every_version() -> None:
    same = set(STANDARD) - {ErrorCode.FORMAT_VIOLATION, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION}
    assert {spell(code, "ocpp1.6") for code in same} == {code.value for code in same}


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("FormationViolation", ErrorCode.FORMAT_VIOLATION),
        ("FormatViolation", ErrorCode.FORMAT_VIOLATION),
        ("OccurenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("OccurrenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
    ],
)
def test_either_spelling_is_read_as_one_code(spelling: str, code: ErrorCode) -> None:
    """RPC-091."""
    assert read_code(spelling) is code


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("code", STANDARD)
def test_a_code_survives_being_spelled_and_read(code: ErrorCode, subprotocol: str) -> None:
    assert read_code(spell(code, subprotocol)) is code


def test_a_code_of_the_other_version_is_spelled_right() -> None:
    """RPC-099: a handler written for one version may answer on another."""
    assert spell("OccurenceConstraintViolation", "ocpp2.1") == "OccurrenceConstraintViolation"
    assert spell("FormatViolation", "ocpp1.6") == "FormationViolation"


def test_the_code_of_a_vendor_passes_unchanged() -> None:
    assert read_code("AcmeBroken") == "AcmeBroken"
    assert spell("AcmeBroken", "ocpp1.6") == "AcmeBroken"
    assert spell("AcmeBroken", "ocpp2.1") == "AcmeBroken"


def test_a_rejection_carries_what_the_peer_wrote() -> None:
    rejected = CallRejected("FormationViolation", "no idea", {"hint": 1})
    assert rejected.code is ErrorCode.FORMAT_VIOLATION
    assert (rejected.description, rejected.details) == ("no idea", {"hint": 1})
    assert str(rejected) == "FormationViolation: no idea"


def test_a_rejection_needs_no_more_than_a_code() -> None:
    rejected = CallRejected("SecurityError")
    assert (str(rejected), rejected.description, rejected.details) == ("SecurityError", "", {})


def test_an_invalid_payload_names_its_field() -> None:
    assert str(InvalidPayload(ErrorCode.TYPE_CONSTRAINT_VIOLATION, "evse.id", "must be int")) == "evse.id: must be int"
    assert str(InvalidPayload(ErrorCode.FORMAT_VIOLATION, "", "not JSON")) == "not JSON"


def test_a_refused_upgrade_carries_status_and_reason() -> None:
    refused = UpgradeRefused(404, "unknown station")
    assert (refused.status, refused.reason, str(refused)) == (404, "unknown station", "HTTP 404: unknown station")


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (CallTimeout(), TimeoutError),
        (ConnectionLost(), ConnectionError),
        (NotConnected(), ConnectionError),
        (UpgradeRefused(404, ""), ConnectionError),
        (InvalidPayload(ErrorCode.FORMAT_VIOLATION, "", ""), ValueError),
        (MalformedFrame(None, None, ""), ValueError),
    ],
)
def test_an_error_is_also_what_python_calls_it(error: OcppError, builtin: type[Exception]) -> None:
    assert isinstance(error, builtin)
    assert isinstance(error, OcppError)
