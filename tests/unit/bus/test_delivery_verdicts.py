"""What a payload becomes, and what becomes of an event whose handler raised."""

import json
from datetime import UTC, datetime

import pytest

from libs.bus.deliveries import BUG_DELIVERIES, Decoder, encode_event, verdict_on
from libs.bus.errors import BusUnavailable, Conflict, InvalidPayload, Permanent, Transient
from libs.contracts.gaps import GapDetected, GapReason

GAP = GapDetected(
    camera_id="front-door",
    started_at=datetime(2026, 11, 20, tzinfo=UTC),
    reason=GapReason.CAMERA_OFFLINE,
    recorder="recorder-1",
)
DECODER = Decoder([GapDetected])


def _decode(payload: bytes, subject: str = GAP.subject):
    return DECODER.decode(payload, subject=subject, stream_seq=7, delivered=2)


def test_an_event_survives_its_envelope():
    delivery = _decode(encode_event(GAP, service="recorder"))

    assert delivery.event == GAP
    assert (delivery.event_id, delivery.type) == (GAP.event_id, GAP.type)
    assert (delivery.stream_seq, delivery.delivered) == (7, 2)


def test_a_field_that_is_not_known_yet_is_ignored():
    payload = json.loads(encode_event(GAP, service="recorder"))
    payload["data"]["weather"] = "rain"

    assert _decode(json.dumps(payload).encode()).event == GAP


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_an_envelope"),
        (b"\xff\x00", "not_an_envelope"),
        (b"[]", "not_an_envelope"),
        (b'{"type": "io.everframe.other.v1"}', "unknown_type"),
        (b'{"type": "io.everframe.gap.detected.v1", "data": {}}', "invalid_payload"),
    ],
)
def test_a_payload_that_does_not_fit_says_why(payload, reason):
    with pytest.raises(InvalidPayload) as raised:
        _decode(payload)

    assert raised.value.reason == reason


def test_an_event_about_another_camera_than_its_subject_is_refused():
    payload = encode_event(GAP, service="recorder")

    with pytest.raises(InvalidPayload) as raised:
        _decode(payload, subject="everframe.evt.gap-detected.main.garage")

    assert raised.value.reason == "wrong_subject"


def test_what_did_not_fit_is_told_without_its_value():
    payload = json.loads(encode_event(GAP, service="recorder"))
    payload["data"]["reason"] = "hunter2"

    with pytest.raises(InvalidPayload) as raised:
        _decode(json.dumps(payload).encode())

    assert "data.reason" in raised.value.detail
    assert "hunter2" not in raised.value.detail


@pytest.mark.parametrize(
    ("error", "failures", "expected"),
    [
        (Conflict("done"), 1, ("done", "conflict", "")),
        (Transient("later"), 99, ("later", "transient", "")),
        (BusUnavailable("away"), 1, ("later", "transient", "")),
        (Permanent("never"), 1, ("dead", "permanent", "permanent")),
        (InvalidPayload("unknown_type", "x"), 1, ("dead", "invalid", "unknown_type")),
        (ValueError("bug"), BUG_DELIVERIES - 1, ("later", "bug", "")),
        (ValueError("bug"), BUG_DELIVERIES, ("dead", "bug", "bug")),
    ],
)
def test_what_a_handler_raises_decides(error, failures, expected):
    verdict = verdict_on(error, delivered=1, failures=failures)

    assert (verdict.kind, verdict.outcome, verdict.reason) == expected


def test_delays_double_up_to_half_a_minute():
    delays = [
        verdict_on(Transient(), delivered=n, failures=1).delay_seconds for n in (1, 2, 3, 7, 500)
    ]

    assert delays == [0.5, 1.0, 2.0, 30.0, 30.0]
