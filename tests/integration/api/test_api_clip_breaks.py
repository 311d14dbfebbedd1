"""What a downloader sees on a real connection when footage vanishes meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from libs.contracts.times import isoformat_z
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.footage_worlds import served, store_footage

T0 = NOW - timedelta(hours=2)


def downloader(api: Api, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {api.key}"})


async def download(client: httpx.AsyncClient, params: dict[str, str], received: bytearray) -> None:
    path = "/api/v1/cameras/front-door/clip.mp4"
    async with client.stream("GET", path, params=params) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) > 0
        async for chunk in answer.aiter_raw():
            received += chunk


async def test_a_recording_that_vanishes_meanwhile_breaks_the_download(api: Api, tmp_path: Path):
    made = [
        await store_footage(api, tmp_path, T0 + timedelta(seconds=2 * number))
        for number in range(3)
    ]
    params = {"from": isoformat_z(T0), "to": isoformat_z(T0 + timedelta(seconds=6))}
    whole = (await api.client.get("/api/v1/cameras/front-door/clip.mp4", params=params)).content
    looked_for: list[str] = []
    read_range = api.store.get_range

    async def vanishing(
        key: str, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Each recording is there when it is looked for, the last one not when it is read."""
        if key == made[2].object_key:
            looked_for.append(key)
            if len(looked_for) > 1:
                await api.store.delete_many([key])
        async for chunk in read_range(key, offset, length):
            yield chunk

    api.store.get_range = vanishing  # type: ignore[method-assign]  # only this store
    received = bytearray()
    async with served(api) as address, downloader(api, address) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            await download(client, params, received)

    assert len(received) < len(whole)
    assert whole.startswith(received)
