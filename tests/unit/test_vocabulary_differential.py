"""The generated Structs and the official JSON schemas give the same verdict on every payload of every version."""

from __future__ import annotations

import random

import msgspec
import pytest
from ocpp_schemas import PAYLOADS, Json, Payload, arbitrary, faults, maximal, members, minimal, variants

from chargewire.errors import InvalidPayload
from chargewire.validation import decode

SAMPLES = 12
LONGEST_PATH = 120  # what fits into the description of an error frame
CHANGES = 30
STRANGERS = (0, -1, 2.5, 2**31, "", "Accepted", "2024-01-01T00:00:00Z", True, [], [0], {}, {"vendorId": "x"})

every_payload = pytest.mark.parametrize("payload", PAYLOADS, ids=str)


@every_payload
def test_what_the_schema_accepts_is_accepted(payload: Payload) -> None:
    rng = random.Random(str(payload))
    samples = [arbitrary(payload.schema, rng) for _ in range(SAMPLES)]
    for sample in (minimal(payload.schema), maximal(payload.schema), *samples):
        assert payload.accepts(sample), sample
        assert isinstance(decode(msgspec.json.encode(sample), payload.type), payload.type)


@every_payload
def test_every_legal_limit_is_accepted(payload: Payload) -> None:
    document = maximal(payload.schema)
    for change in variants(payload.schema, document):
        assert payload.accepts(document), change
        assert refused_field(payload, document) is None, change


@every_payload
def test_every_single_fault_is_refused_by_the_name_of_its_field(payload: Payload) -> None:
    """RPC-053, RPC-055."""
    document = maximal(payload.schema)
    for change in faults(payload.schema, document):
        assert not payload.accepts(document), change
        field = refused_field(payload, document)
        # A fault inside customData is found by the type of ours that reads it, which knows no path inside.
        assert field in (change.field[:LONGEST_PATH], change.field.removesuffix(".vendorId")), change


@every_payload
def test_a_value_from_elsewhere_gets_the_same_verdict(payload: Payload) -> None:
    rng = random.Random(str(payload))
    for _ in range(CHANGES):
        document = arbitrary(payload.schema, rng)
        places = list(members(payload.schema, document))
        if not places:
            continue
        field, container, key, _ = rng.choice(places)
        container[key] = rng.choice(STRANGERS)
        assert payload.accepts(document) == (refused_field(payload, document) is None), (field, container[key])


def refused_field(payload: Payload, document: Json) -> str | None:
    """Return the field that made the payload invalid, None when it is valid."""
    try:
        decode(msgspec.json.encode(document), payload.type)
    except InvalidPayload as exc:
        return exc.field
    return None
