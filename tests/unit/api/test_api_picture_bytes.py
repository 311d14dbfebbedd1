"""How much is read of the object store for one picture."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import pytest

from libs.media import boxes
from libs.media.moof import Samples, build_moof
from libs.storage.testing import MemoryObjectStore
from libs.web.problems import Problem
from services.api.picture_bytes import FIRST_READ_BYTES, Showing, read_picture

if TYPE_CHECKING:
    import asyncpg

KEY, BEFORE, BEHIND = "recordings/a.mp4", 500, 1_000_000
SHOWING = Showing(shift_90k=0, duration_90k=1)


class CountingStore(MemoryObjectStore):
    """Notes how much each read got."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []

    async def get_range(
        self, key: str, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        got = 0
        async for chunk in super().get_range(key, offset, length):
            got += len(chunk)
            yield chunk
        self.reads.append(got)


def part(sizes: list[int]) -> bytes:
    track = Samples(1, 0, [1] * len(sizes), sizes, None, first_is_sync=True, others_are_sync=False)
    return build_moof(1, [track])[0] + b"".join(
        bytes([number % 250 + 1]) * size for number, size in enumerate(sizes)
    )


async def stored(first_part: bytes) -> tuple[CountingStore, "asyncpg.Record"]:
    """A recording whose second fragment begins with a part and goes on with much else."""
    store = CountingStore()

    async def content() -> AsyncIterator[bytes]:
        yield bytes(BEFORE) + first_part + bytes(BEHIND)

    await store.put_stream(KEY, content())
    row = {
        "object_key": KEY,
        "fragment_offset": [0, BEFORE],
        "fragment_bytes": [BEFORE, len(first_part) + BEHIND],
    }
    return store, cast("asyncpg.Record", row)


async def test_usual_picture_takes_one_read_of_bounded_size():
    store, row = await stored(part([50_000, 700]))

    found = await read_picture(store, row, 1, SHOWING)

    (run,) = boxes.runs(found)
    assert run.sizes == (50_000,)
    assert found.endswith(bytes([1]) * 50_000)
    assert store.reads == [FIRST_READ_BYTES]


async def test_larger_picture_takes_one_more_read_of_just_its_rest():
    whole = part([300_000, 700])
    store, row = await stored(whole)

    found = await read_picture(store, row, 1, SHOWING)

    assert found.endswith(bytes([1]) * 300_000)
    assert len(store.reads) == 2
    assert sum(store.reads) == len(whole) - 700


async def test_header_larger_than_the_first_read_is_read_whole():
    store, row = await stored(part([1000, *[1] * 40_000]))

    found = await read_picture(store, row, 1, SHOWING)

    assert found.endswith(bytes([1]) * 1000)


@pytest.mark.parametrize("size", [BEHIND + 2000, 1 << 30])
async def test_picture_that_claims_more_than_its_fragment_is_lost_and_not_read(size: int):
    honest = part([1000])
    lying = part([size])[: len(honest) - 1000] + bytes(1000)
    store, row = await stored(lying)

    with pytest.raises(Problem, match="does not have it") as raised:
        await read_picture(store, row, 1, SHOWING)

    assert raised.value.status == 404
    assert sum(store.reads) == FIRST_READ_BYTES
