import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.media import nal
from tests.unit.media.media_mux_samples import video

SPS, PPS, AUD = b"\x67\x64\x00\x28", b"\x68\xee", b"\x09\xf0"
IDR, SLICE = b"\x65\x88\x84\x21", b"\x41\x9a\x24\x6c\xff"


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def joined(unit: nal.AccessUnit) -> bytes:
    data = b"".join(unit.pieces)
    assert len(data) == unit.size
    return data


def annex_b(*units: bytes, code: bytes = b"\0\0\0\1") -> bytes:
    return b"".join(code + unit for unit in units)


@pytest.mark.parametrize("code", [b"\0\0\1", b"\0\0\0\1"])
def test_start_codes_of_either_length_become_lengths(code: bytes) -> None:
    unit = nal.convert("h264", annex_b(SLICE, SLICE, code=code))

    assert joined(unit) == prefixed(SLICE, SLICE)
    assert not unit.is_random_access


def test_parameter_sets_and_delimiters_leave_the_keyframe_and_are_reported() -> None:
    unit = nal.convert("h264", annex_b(AUD, SPS, PPS) + annex_b(IDR, code=b"\0\0\1"))

    assert joined(unit) == prefixed(IDR)
    assert unit.is_random_access
    assert unit.parameter_sets == (SPS, PPS)


def test_zeros_behind_a_unit_are_not_part_of_it() -> None:
    unit = nal.convert("h264", annex_b(AUD, SLICE) + b"\0\0\0")

    assert joined(unit) == prefixed(SLICE)


@pytest.mark.parametrize(("kind", "is_random"), [(1, False), (19, True), (20, True), (21, True)])
def test_h265_random_access_is_told_from_other_pictures(kind: int, is_random: bool) -> None:
    picture = bytes([kind << 1, 1, 0xAF, 0x11])

    unit = nal.convert("hevc", annex_b(picture))

    assert unit.is_random_access is is_random
    assert joined(unit) == prefixed(picture)


def test_h265_parameter_sets_are_found() -> None:
    stream = video("hevc")

    unit = nal.convert("hevc", stream.packets[0].data)

    assert [each[0] >> 1 for each in unit.parameter_sets] == [32, 33, 34]
    assert nal.parameter_sets("hevc", stream.packets[0].data) == unit.parameter_sets


def test_a_repeated_kind_of_parameter_set_replaces_the_old_ones_of_that_kind() -> None:
    other = b"\x68\xef"

    assert nal.merge_parameter_sets("h264", (SPS, PPS), (other,)) == (SPS, other)
    assert nal.merge_parameter_sets("h264", (SPS, PPS), (PPS, SPS)) == (SPS, PPS)
    assert nal.merge_parameter_sets("h264", (), (SPS, PPS, PPS)) == (SPS, PPS)


def test_an_mpeg4_frame_stays_as_it_is_and_its_header_is_reported() -> None:
    frame = video("mpeg4").packets[0].data

    unit = nal.convert("mpeg4", frame)

    assert joined(unit) == frame
    assert unit.parameter_sets[0].startswith(b"\0\0\1\xb0")
    assert b"\0\0\1\xb6" not in unit.parameter_sets[0]


SLICES = st.binary(min_size=1, max_size=40).map(
    lambda body: b"\x41" + body.replace(b"\0", b"\x03") + b"\x80"
)


@given(st.lists(st.tuples(SLICES, st.booleans()), min_size=1, max_size=6))
def test_any_mixture_of_start_codes_gives_the_same_units(units: list[tuple[bytes, bool]]) -> None:
    data = b"".join((b"\0\0\0\1" if is_long else b"\0\0\1") + unit for unit, is_long in units)

    assert joined(nal.convert("h264", data)) == prefixed(*(unit for unit, _ in units))


@given(st.binary(max_size=80))
def test_no_bytes_at_all_make_the_conversion_fail(data: bytes) -> None:
    for codec in ("h264", "hevc", "mpeg4"):
        assert len(joined(nal.convert(codec, b"\0\0\0\1" + data))) <= 2 * len(data) + 4
