import struct

import pytest

from libs.media import boxes
from libs.media.moof import Samples, build_moof


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def test_walking_stops_before_a_box_that_is_cut_off() -> None:
    data = box(b"ftyp", b"abcd") + box(b"moov")

    assert [each.kind for each in boxes.walk(data)] == [b"ftyp", b"moov"]
    assert [each.kind for each in boxes.walk(data[:-1])] == [b"ftyp"]
    assert list(boxes.walk(b"\0" * 40)) == []


def test_a_box_with_a_64_bit_size_is_read() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd" + box(b"free")

    assert list(boxes.walk(data)) == [
        boxes.Box(b"mdat", 0, 16, 20),
        boxes.Box(b"free", 20, 28, 28),
    ]


def test_a_box_is_found_by_its_path() -> None:
    data = box(b"ftyp") + box(b"moov", box(b"mvhd", b"x") + box(b"trak", box(b"mdia")))

    assert boxes.find(data, b"moov", b"trak", b"mdia").end == len(data)
    with pytest.raises(KeyError, match="stbl"):
        boxes.find(data, b"moov", b"stbl")


@pytest.mark.parametrize("durations", [[3600, 3600, 3600], [3600, 3500, 3700]])
@pytest.mark.parametrize("offsets", [None, [0, 7200, -3600]])
@pytest.mark.parametrize("is_key", [True, False])
def test_what_is_written_to_a_moof_is_read_back(
    durations: list[int], offsets: list[int] | None, is_key: bool
) -> None:
    video = Samples(1, 1 << 40, durations, [5, 6, 7], offsets, is_key, others_are_sync=False)
    audio = Samples(2, 160_000, [1024], [9], None, first_is_sync=True, others_are_sync=True)

    header, tfdt_offsets = build_moof(7, [video, audio])
    picture, sound = boxes.runs(header)

    assert picture.durations == tuple(durations)
    assert picture.sizes == (5, 6, 7)
    assert picture.composition_offsets == tuple(offsets or [0, 0, 0])
    assert picture.is_sync == (is_key, False, False)
    assert picture.data_offset == len(header)
    assert (sound.durations, sound.sizes, sound.is_sync) == ((1024,), (9,), (True,))
    assert sound.data_offset == len(header) + 18
    assert tfdt_offsets == [picture.tfdt_offset, sound.tfdt_offset]
    assert (picture.base_decode_time, sound.base_decode_time) == (1 << 40, 160_000)
    assert struct.unpack_from(">I4s", header, len(header) - 8) == (8 + 18 + 9, b"mdat")


def test_shifting_decode_times_leaves_the_part_itself_as_it_was() -> None:
    samples = Samples(1, 900_000, [3600], [3], None, first_is_sync=True, others_are_sync=False)
    header, (offset,) = build_moof(1, [samples])

    copy = boxes.shift_decode_times(header, [(offset, 42)])

    assert boxes.runs(bytes(copy))[0].base_decode_time == 42
    assert boxes.runs(header)[0].base_decode_time == 900_000
