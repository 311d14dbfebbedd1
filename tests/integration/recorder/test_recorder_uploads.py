"""The uploader and the outbox against a real store and a real bus, which go away and come back."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.bus.wiring import Wiring
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.recordings import RecordingCompleted
from libs.storage.store import ObjectStore, StoreConfig
from services.recorder.ledger import Gap
from services.recorder.outbox import Outbox
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool, SpoolState
from services.recorder.uploader import Uploader
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_samples import at, finished, is_empty, states
from tests.waiting import eventually, running
from tools.local.nats_server import NatsServer
from tools.local.object_store import BUCKET, S3Server

READER = Wiring(service="api", consumes=(RecordingCompleted, GapDetected))


@dataclass
class Site:
    """A spool, a store and a bus of this test's own."""

    nats: NatsServer
    s3: S3Server
    spool: Spool
    bus: Bus
    store: ObjectStore
    gaps: list[Gap] = field(default_factory=list)

    def uploader(self, *, keep_seconds: float = 0.0) -> Uploader:
        return Uploader(
            self.spool,
            self.store,
            self.bus,
            RecorderSettings(spool_dir=self.spool.root, spool_keep_seconds=keep_seconds),
            on_gap=lambda _entry, gap: self.gaps.append(gap),
            housekeeping_seconds=0.1,
        )

    async def announced(self) -> list[RecordingCompleted]:
        """What the event stream holds, in order."""
        config = BusConfig(url=self.nats.users.api, name="test")
        bus = await Bus.connect(config, READER, wait_seconds=20)
        try:
            last = (await bus.stream_state()).last_seq
            events = bus.replay([RecordingCompleted], from_seq=1, to_seq=last)
            found = [d.event async for d in events]
        finally:
            await bus.drain(1)
        return [e for e in found if isinstance(e, RecordingCompleted)]


@pytest.fixture
async def site(tmp_path: Path, nats_server: NatsServer, s3_server: S3Server) -> AsyncIterator[Site]:
    await declare(BusConfig(url=nats_server.users.admin), [WIRING, READER])
    bus = await Bus.connect(
        BusConfig(url=nats_server.users.recorder, name="test", publish_deadline_seconds=2.0),
        WIRING,
        wait_seconds=10,
    )
    config = StoreConfig(
        endpoint=s3_server.endpoint,
        access_key=s3_server.root.access_key,
        secret_key=s3_server.root.secret_key,
        bucket=BUCKET,
    )
    store = ObjectStore(config)
    yield Site(nats_server, s3_server, Spool(tmp_path / "spool"), bus, store)
    await bus.drain(1)
    await store.aclose()


async def test_recordings_survive_a_store_and_a_bus_that_go_away(site: Site):
    before = [finished(site.spool, n * 10, size=200_000) for n in range(3)]
    during = [finished(site.spool, n * 10, size=200_000) for n in range(3, 7)]
    content = {e.object_key: site.spool.media_path(e).read_bytes() for e in (*before, *during)}
    uploader = site.uploader(keep_seconds=3600)

    async with running(uploader.run()):
        for entry in before:
            uploader.add(entry)
        await eventually(lambda: uploader.pending() == 0, within=30)
        await site.s3.stop()
        for entry in during[:2]:
            uploader.add(entry)
        await eventually(lambda: uploader._store_paused_until > 0, within=30)
        assert uploader.pending() == 2
        await site.s3.start()
        await eventually(lambda: uploader.pending() == 0, within=60)
        await site.nats.stop()
        for entry in during[2:]:
            uploader.add(entry)
        await eventually(lambda: states(site.spool.root)[-2:] == [SpoolState.STORED] * 2, within=30)
        await site.nats.start()
        await eventually(lambda: uploader.pending() == 0, within=60)

    events = await site.announced()
    assert sorted(e.object_key for e in events) == sorted(content)
    for event in events:
        data = await site.store.get(event.object_key)
        assert data == content[event.object_key]
        assert event.sha256 == hashlib.sha256(data).hexdigest()
    assert states(site.spool.root) == [SpoolState.ANNOUNCED] * 7
    assert site.gaps == []


async def test_a_store_that_lost_what_it_acknowledged_gets_it_again(site: Site):
    entry = finished(site.spool, 0, size=50_000)
    first = site.uploader(keep_seconds=3600)
    first.add(entry)
    async with running(first.run()):
        await eventually(lambda: first.pending() == 0, within=30)
    await site.store.delete(entry.object_key)

    second = site.uploader()
    for each in site.spool.load():
        second.add(each)
    async with running(second.run()):
        await eventually(lambda: is_empty(site.spool.root), within=30)

    assert (await site.store.stat(entry.object_key)).size == 50_000
    assert [e.object_key for e in await site.announced()] == [entry.object_key]


async def test_gaps_wait_on_disk_while_the_bus_is_away(site: Site, tmp_path: Path):
    outbox = Outbox(tmp_path / "spool")
    gaps = [
        GapDetected(
            camera_id="front-door",
            started_at=at(n),
            ended_at=at(n + 0.5),
            reason=GapReason.CAMERA_OFFLINE,
            recorder="recorder-1",
        )
        for n in range(20)
    ]
    await site.nats.stop()
    for gap in gaps[:10]:
        outbox.put(gap)
    again = Outbox(tmp_path / "spool")
    for gap in gaps[10:]:
        again.put(gap)

    async with running(again.run(site.bus)):
        await site.nats.start()
        async with asyncio.timeout(60):
            await again.wait_empty()

    config = BusConfig(url=site.nats.users.api, name="test")
    reader = await Bus.connect(config, READER, wait_seconds=20)
    found = [d.event async for d in reader.replay([GapDetected], from_seq=1, to_seq=1000)]
    await reader.drain(1)
    assert found == gaps
