from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.storage.errors import StoreUnavailable
from libs.storage.testing import MemoryObjectStore
from libs.web.problems import Problem
from services.api.media import (
    PIECE_BYTES,
    ByteRange,
    Media,
    Unsatisfiable,
    media_response,
    parse_range,
)
from tests.unit.media.media_mux_samples import video
from tests.unit.media.test_media_mux_recording_file import parts_of, write


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=10-19", ByteRange(10, 10)),
        ("bytes=90-500", ByteRange(90, 10)),
        ("bytes=-5", ByteRange(95, 5)),
        ("bytes=-500", ByteRange(0, 100)),
        ("bytes=5-1", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=\u0661-", None),
    ],
)
def test_one_byte_range_is_understood_and_anything_else_ignored(header, expected):
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_range_outside_the_object_is_unsatisfiable(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


@given(st.text(max_size=30).map(lambda t: f"bytes={t}"), st.integers(1, 10**12))
def test_no_header_leads_outside_the_object(header, size):
    try:
        span = parse_range(header, size)
    except Unsatisfiable:
        return
    assert span is None or (0 <= span.offset < span.offset + span.length <= size)


async def stored(content: bytes) -> tuple[MemoryObjectStore, Media]:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    store = MemoryObjectStore()
    await store.put_stream("k", chunks())
    return store, Media("k", len(content), "ab" * 32)


async def test_large_object_is_sent_whole_though_only_a_piece_is_read_at_a_time():
    content = bytes(range(256)) * (PIECE_BYTES // 100)
    store, media = await stored(content)

    response = await media_response(store, media, {}, is_head=False, extra_headers={})

    pieces = [piece async for piece in response.body_iterator]  # type: ignore[attr-defined]
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == PIECE_BYTES
    assert response.headers["content-length"] == str(len(content))


async def test_if_range_of_another_version_gets_the_whole_object():
    store, media = await stored(b"x" * 100)
    headers = {"range": "bytes=0-9", "if-range": '"old"'}

    response = await media_response(store, media, headers, is_head=True, extra_headers={})

    assert (response.status_code, response.headers["content-length"]) == (200, "100")


async def test_known_content_is_not_sent_again():
    store, media = await stored(b"x" * 100)

    response = await media_response(
        store, media, {"if-none-match": media.etag}, is_head=False, extra_headers={}
    )

    assert response.status_code == 304


async def test_object_shorter_than_the_catalog_says_is_an_error_before_anything_is_sent():
    store, media = await stored(b"x" * 100)
    longer = Media(media.key, 150, media.sha256)

    with pytest.raises(Problem) as problem:
        await media_response(store, longer, {}, is_head=False, extra_headers={})

    assert problem.value.status == 404


async def test_store_away_is_a_503_that_says_so():
    store, media = await stored(b"x" * 100)
    store.failure = StoreUnavailable("down")

    with pytest.raises(Problem) as problem:
        await media_response(store, media, {}, is_head=False, extra_headers={})

    assert problem.value.status == 503
    assert "object store is away" in problem.value.detail


async def joined(tmp_path: Path, shift_90k: int) -> tuple[MemoryObjectStore, Media, bytes]:
    path = tmp_path / "recording.mp4"
    index = write(path, parts_of(video("h264")))
    content = path.read_bytes()
    store, media = await stored(content)
    offsets = tuple(fragment.offset for fragment in index.fragments)
    media = replace(
        media, init_bytes=index.init_bytes, fragment_offsets=offsets, shift_90k=shift_90k
    )
    return store, media, content


@pytest.mark.parametrize("shift_90k", [0, 90_000])
async def test_any_range_of_shifted_media_is_the_same_piece_of_the_whole(
    tmp_path: Path, shift_90k: int
):
    store, media, content = await joined(tmp_path, shift_90k)

    async def fetch(span: str | None) -> bytes:
        headers = {"range": span} if span else {}
        response = await media_response(store, media, headers, is_head=False, extra_headers={})
        pieces = [piece async for piece in response.body_iterator]  # type: ignore[attr-defined]
        return b"".join(pieces)

    whole = await fetch(None)

    assert len(whole) == len(content)
    assert (whole == content) == (shift_90k == 0)
    assert whole[: media.init_bytes] == content[: media.init_bytes]
    second, last = media.fragment_offsets[1], len(content) - 1
    for first, end in [(0, last), (second, last), (second + 5, second + 300), (3, second + 9)]:
        assert await fetch(f"bytes={first}-{end}") == whole[first : end + 1]
