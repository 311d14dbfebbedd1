import struct

import pytest

from tools.camera_sim.clip_encode import MediaTrack, MediaUnit
from tools.camera_sim.rtcp import sender_report
from tools.camera_sim.rtp_payload import payloads_of, split_annexb
from tools.camera_sim.rtp_track import Cursor, packetise

START = b"\0\0\0\1"


def track(codec: str = "h264", pts: tuple[int, ...] = (0, 3600, 7200)) -> MediaTrack:
    units = tuple(
        MediaUnit(
            START + bytes([0x65 if at == 0 else 0x41]) + bytes([at % 251 + 1] * 30), at, at, at == 0
        )
        for at in pts
    )
    return MediaTrack(codec, 90_000, 10_800, b"", units)


def test_start_codes_of_both_lengths_separate_nal_units() -> None:
    assert split_annexb(START + b"\x67ab\0\0\1\x68c" + START + b"\x65d") == [
        b"\x67ab", b"\x68c", b"\x65d",
    ]  # fmt: skip


def test_a_short_h264_nal_is_sent_as_it_is() -> None:
    assert payloads_of("h264", START + b"\x67abc" + START + b"\x68d") == [b"\x67abc", b"\x68d"]


def test_a_long_h264_nal_becomes_fragments_of_type_a() -> None:
    nal = b"\x65" + bytes(range(1, 101))

    payloads = payloads_of("h264", START + nal, limit=42)

    # FU indicator keeps NRI, FU header carries start, end and the type
    assert [payload[:2] for payload in payloads] == [b"\x7c\x85", b"\x7c\x05", b"\x7c\x45"]
    assert b"".join(payload[2:] for payload in payloads) == nal[1:]
    assert max(map(len, payloads)) == 42


def test_a_long_h265_nal_becomes_fragmentation_units() -> None:
    nal = b"\x26\x01" + bytes(range(1, 101))

    payloads = payloads_of("hevc", START + nal, limit=43)

    assert [payload[:3] for payload in payloads] == [b"b\x01\x93", b"b\x01\x13", b"b\x01\x53"]
    assert b"".join(payload[3:] for payload in payloads) == nal[2:]


def test_an_aac_frame_has_an_au_header() -> None:
    assert payloads_of("aac", b"x" * 200) == [b"\x00\x10\x06\x40" + b"x" * 200]


def test_mpeg4_is_cut_anywhere_and_g711_not_at_all() -> None:
    assert payloads_of("mpeg4", b"abcdefg", limit=3) == [b"abc", b"def", b"g"]
    assert payloads_of("alaw", b"a" * 160) == [b"a" * 160]


def test_a_stamped_unit_carries_one_clients_numbers() -> None:
    unit = packetise(track(), max_payload=12).units[0]

    packets = bytes(unit.stamp(channel=4, sequence=65_535, timestamp=7, ssrc=9))

    heads = [struct.unpack_from(">cBHBBHII", packets, start) for start, _ in unit.spans()]
    assert [head[0:2] for head in heads] == [(b"$", 4)] * 3
    assert [head[4] for head in heads] == [96, 96, 96 | 0x80]
    assert [head[5] for head in heads] == [65_535, 0, 1]
    assert {head[6:] for head in heads} == {(7, 9)}
    assert unit.template[1] == 0, "the template is shared"


def test_the_framing_lengths_cover_the_packets() -> None:
    for unit in packetise(track(), max_payload=12).units:
        for start, end in unit.spans():
            assert int.from_bytes(unit.template[start + 2 : start + 4], "big") == end - start - 4


@pytest.mark.parametrize(
    ("ticks", "sent_at", "pts"),
    [(0, 0, 0), (1, 3600, 3600), (7200, 7200, 7200), (7201, 10_800, 10_800), (-1, 0, 0)],
)
def test_a_cursor_stands_at_the_next_unit_of_an_endless_loop(
    ticks: int, sent_at: int, pts: int
) -> None:
    cursor = Cursor(packetise(track()), ticks)

    assert (cursor.sent_at, cursor.pts) == (sent_at, pts)


def test_a_cursor_goes_from_loop_to_loop() -> None:
    cursor = Cursor(packetise(track()), 1_000_000)
    times = []

    for _ in range(5):
        times.append(cursor.pts)
        cursor.advance()

    assert times == [1_000_800 + 3600 * n for n in range(5)]


def test_a_cursor_finds_the_next_keyframe() -> None:
    cursor = Cursor(packetise(track()), 3600)

    cursor.seek_key()

    assert cursor.pts == 10_800


def test_pictures_in_decode_order_keep_their_display_time() -> None:
    units = (
        MediaUnit(START + b"\x65a", 0, 3600, is_key=True),
        MediaUnit(START + b"\x41b", 7200, 7200, is_key=False),
        MediaUnit(START + b"\x01c", 3600, 10_800, is_key=False),
    )
    cursor = Cursor(packetise(MediaTrack("h264", 90_000, 10_800, b"", units)), 0)
    seen = []

    for _ in range(4):
        seen.append((cursor.sent_at, cursor.pts))
        cursor.advance()

    assert seen == [(0, -7200), (3600, 0), (7200, 7200), (10_800, 3600)]


def test_a_sender_report_ties_ntp_to_rtp_time() -> None:
    report = sender_report(ssrc=5, unix_time=1.5, rtp_timestamp=1 << 32, packets=2, octets=3)

    assert struct.unpack_from(">BBHIIIIII", report) == (
        0x80, 200, 6, 5, 2_208_988_801, 1 << 31, 0, 2, 3,
    )  # fmt: skip
    # the rest is a description whose length is right
    assert report[28:30] == b"\x81\xca"
    assert (int.from_bytes(report[30:32], "big") + 1) * 4 == len(report) - 28
