"""Live parts as headers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.errors import InvalidPayload
from libs.bus.live import RawPart, decode, encode_headers
from libs.contracts.live import LivePart, Rendition

PLAIN = {
    "camera_id": "front-door",
    "live_id": "a1",
    "epoch": 3,
    "msn": 7,
    "part": 2,
    "discontinuity": 0,
    "first_msn": 0,
    "init_id": "0123456789abcdef",
    "is_independent": True,
    "is_last": False,
    "start_ms": 1_800_000_000_000,
    "start_90k": 900_000,
    "duration_90k": 18_000,
    "published_ms": 1_800_000_000_200,
    "part_target_ms": 200,
    "target_seconds": 2,
    "codecs": "avc1.640028",
}
PART = LivePart(**PLAIN)


def raw(payload: bytes = b"media", **changed: str | None) -> RawPart:
    headers = {**encode_headers(PART), **{f"Everframe-{k}": v for k, v in changed.items()}}
    return RawPart(9, {k: v for k, v in headers.items() if v is not None}, payload)


def test_headers_are_plain_text_and_leave_defaults_out():
    headers = encode_headers(PART)

    assert headers["Everframe-msn"] == "7"
    assert headers["Everframe-is_independent"] == "true"
    assert headers["Everframe-is_last"] == "false"
    assert headers["Everframe-codecs"] == "avc1.640028"
    assert "Everframe-site" not in headers
    assert "Everframe-rendition" not in headers
    assert "Everframe-fps" not in headers


@given(
    numbers=st.fixed_dictionaries(
        {
            name: st.integers(min_value=1, max_value=2**53)
            for name in ("epoch", "msn", "part", "start_ms", "start_90k", "duration_90k")
        }
    ),
    flags=st.tuples(st.booleans(), st.booleans()),
    fps=st.one_of(st.none(), st.floats(min_value=0.1, max_value=240)),
    rendition=st.sampled_from(Rendition),
)
def test_what_is_encoded_comes_back(numbers, flags, fps, rendition):
    part = PART.model_copy(
        update={
            **numbers,
            "is_independent": flags[0],
            "is_last": flags[1],
            "fps": fps,
            "rendition": rendition,
        }
    )

    back = decode(RawPart(1, encode_headers(part), b""), part.subject)

    assert back.part == part


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("msn", "-1"),
        ("msn", "seven"),
        ("msn", None),
        ("is_last", "perhaps"),
        ("init_id", "short"),
        ("rendition", "tiny"),
        ("init_bytes", "6"),
    ],
)
def test_a_header_that_does_not_fit_is_an_invalid_part(field, value):
    with pytest.raises(InvalidPayload) as raised:
        decode(raw(**{field: value}), PART.subject)

    assert raised.value.reason == "invalid_part"


def test_a_part_on_the_subject_of_another_rendition_is_refused():
    with pytest.raises(InvalidPayload) as raised:
        decode(raw(rendition="sub"), PART.subject)

    assert raised.value.reason == "wrong_subject"


def test_headers_of_a_later_version_and_of_the_server_are_ignored():
    later = {**raw(of_tomorrow="1").headers, "Nats-Expected-Stream": "LIVE"}

    assert decode(RawPart(9, later, b"media"), PART.subject).part == PART
