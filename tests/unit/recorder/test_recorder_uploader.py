"""What is in the spool reaches store and bus, once, or is explained."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from libs.contracts.gaps import GapReason
from libs.contracts.recordings import EndReason
from libs.media.recording_file import RecordingWriter
from libs.storage.errors import StoreRefused, StoreUnavailable
from services.recorder.ledger import Gap
from services.recorder.spool import QUARANTINE, SpoolEntry, SpoolState
from services.recorder.uploader import Uploader
from tests.unit.recorder.recorder_samples import (
    at,
    entry,
    finished,
    is_empty,
    real_parts,
    states,
)
from tests.unit.recorder.recorder_uploads import Fate, Killed, World
from tests.waiting import eventually


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path / "spool")


def old(world: World, made: SpoolEntry) -> SpoolEntry:
    """Announced long ago."""
    later = made.stored("e" * 64).announced(at(20))
    world.spool.save(later)
    return later


def whole(gap: Gap) -> tuple[object, object, GapReason]:
    return gap.started_at, gap.ended_at, gap.reason


async def settled(uploader: Uploader) -> None:
    async with asyncio.timeout(10):
        await uploader.wait_empty()


async def test_recordings_are_stored_announced_and_removed(world: World):
    entries = [finished(world.spool, n * 10) for n in range(3)]
    bytes_of = {e.object_key: world.spool.media_path(e).read_bytes() for e in entries}
    uploader = world.uploader()
    for each in entries:
        uploader.add(each)

    async with world.life(uploader):
        await settled(uploader)
        await eventually(lambda: is_empty(world.root))

    keys = [e.object_key for e in entries]
    assert world.store.puts == world.announced() == keys
    assert world.store.contents == bytes_of
    assert uploader.last_announced_at == {"front-door": at(30)}
    assert world.gaps == []


async def test_an_announced_file_stays_for_the_time_that_was_set(world: World):
    made = finished(world.spool)
    uploader = world.uploader(keep_seconds=3600)
    uploader.add(made)

    async with world.life(uploader):
        await settled(uploader)

    [kept] = world.spool.load()
    assert kept.state is SpoolState.ANNOUNCED
    assert world.spool.media_path(made).exists()
    assert uploader.pending() == 0


async def test_while_the_store_is_away_recordings_wait_and_then_go_oldest_first(world: World):
    world.store.failure = StoreUnavailable("away")
    uploader = world.uploader(keep_seconds=3600)
    entries = [finished(world.spool, n * 10) for n in (3, 1, 4, 0, 2)]
    for each in entries:
        uploader.add(each)

    async with world.life(uploader):
        await eventually(lambda: len(world.store.attempts) >= 2)
        assert uploader.pending() == uploader.pending("front-door") == 5
        assert uploader.pending("yard") == 0
        world.store.failure = None
        await settled(uploader)

    in_order = [e.object_key for e in sorted(entries, key=lambda e: e.started_at)]
    assert world.store.puts == world.announced() == in_order
    assert set(world.store.attempts[:2]) == {in_order[0]}


async def test_while_the_bus_is_away_recordings_are_stored_once_and_announced_later(world: World):
    world.broker.go_offline()
    made = finished(world.spool)
    uploader = world.uploader(keep_seconds=3600)
    uploader.add(made)

    async with world.life(uploader):
        await eventually(lambda: states(world.root) == [SpoolState.STORED])
        world.broker.go_online()
        await settled(uploader)

    assert world.store.puts == world.announced() == [made.object_key]


async def test_while_the_bus_is_away_more_recordings_than_workers_are_stored(world: World):
    # The oldest stored recordings waited for the bus in every worker; the others were never
    # uploaded and were dropped when the spool was full, though the store was well.
    world.broker.go_offline()
    entries = [finished(world.spool, 10 * n) for n in range(9)]
    uploader = world.uploader(keep_seconds=3600)
    for made in entries:
        uploader.add(made)

    async with world.life(uploader):
        await eventually(lambda: states(world.root) == [SpoolState.STORED] * len(entries))
        assert uploader.stored_until("front-door") == entries[0].started_at
        world.broker.go_online()
        await settled(uploader)

    assert sorted(world.store.puts) == sorted(world.announced())
    assert uploader.stored_until("front-door") == entries[-1].ended_at


async def test_what_is_added_twice_is_uploaded_and_announced_once(world: World):
    made = finished(world.spool)
    uploader = world.uploader(keep_seconds=3600)
    uploader.add(made)
    uploader.add(made)

    async with world.life(uploader):
        await settled(uploader)
        uploader.add(made)
        await settled(uploader)

    assert world.store.attempts == world.announced() == [made.object_key]


async def test_several_are_uploaded_at_a_time_and_none_twice(world: World):
    entries = [finished(world.spool, n * 10) for n in range(8)]
    uploader = world.uploader(concurrency=4, keep_seconds=3600)
    world.store.open.clear()
    for each in entries:
        uploader.add(each)

    async with world.life(uploader):
        await eventually(lambda: len(world.store.attempts) == 4)
        world.store.open.set()
        await settled(uploader)

    assert sorted(world.store.attempts) == [e.object_key for e in entries]


@pytest.mark.parametrize("damage", ["gone", "short"])
async def test_what_the_store_lost_is_uploaded_again_before_the_spool_copy_goes(
    world: World, damage: str
):
    made = finished(world.spool)
    content = world.spool.media_path(made).read_bytes()
    if damage == "short":
        short = world.root / "short"
        short.write_bytes(content[:10])
        await world.store.put_file(made.object_key, short)
        short.unlink()
    uploader = world.uploader()
    uploader.add(old(world, made))

    async with world.life(uploader):
        await eventually(lambda: is_empty(world.root))

    assert world.store.contents == {made.object_key: content}
    assert world.announced() == [made.object_key]
    assert world.gaps == []


async def test_nothing_is_deleted_while_the_store_cannot_be_asked(world: World):
    made = old(world, finished(world.spool))
    world.store.failure = StoreUnavailable("away")
    uploader = world.uploader()
    uploader.add(made)

    async with world.life(uploader):
        await asyncio.sleep(0.1)  # several rounds of housekeeping in which nothing may happen

    assert world.spool.load() == [made]
    assert world.spool.media_path(made).exists()


async def test_what_both_store_and_spool_lost_is_a_gap(world: World):
    made = old(world, finished(world.spool))
    world.spool.truncate(made)
    uploader = world.uploader()
    uploader.add(made)

    async with world.life(uploader):
        await eventually(lambda: is_empty(world.root))

    assert [whole(g) for g in world.gaps] == [(at(0), at(10), GapReason.RECORDING_LOST)]


async def test_a_vanished_file_is_a_gap_and_the_others_go_on(world: World):
    gone, good = finished(world.spool, 0), finished(world.spool, 10)
    world.spool.truncate(gone)
    uploader = world.uploader()
    uploader.add(gone)
    uploader.add(good)

    async with world.life(uploader):
        await settled(uploader)

    assert world.announced() == [good.object_key]
    assert [whole(g) for g in world.gaps] == [(at(0), at(10), GapReason.RECORDING_LOST)]
    assert not world.spool.sidecar_path(gone).exists()


@pytest.mark.parametrize(
    "error", [StoreRefused("never"), PermissionError("no"), ValueError("a bug")], ids=str
)
async def test_a_recording_that_always_fails_does_not_keep_back_the_others(
    world: World, error: Exception
):
    # The oldest recording was tried again and again, and nothing else was uploaded meanwhile.
    bad = finished(world.spool, 0)
    others = [finished(world.spool, 10 * n) for n in range(1, 6)]
    world.store.refused[bad.object_key] = error
    uploader = world.uploader(keep_seconds=3600)
    for each in (bad, *others):
        uploader.add(each)

    with capture_logs() as logs:
        async with world.life(uploader):
            await eventually(lambda: uploader.pending() == 1)
            world.store.refused.clear()
            await settled(uploader)

    assert world.announced() == [e.object_key for e in (*others, bad)]
    assert "recording.set_back" in [entry["event"] for entry in logs]


async def test_a_sidecar_that_makes_no_sense_does_not_keep_back_the_others(world: World):
    nonsense = finished(world.spool, 0).model_copy(update={"state": SpoolState.STORED})
    good = finished(world.spool, 10)
    uploader = world.uploader(keep_seconds=3600)
    uploader.add(nonsense)
    uploader.add(good)

    async with world.life(uploader):
        await eventually(lambda: uploader.pending() == 1)

    assert world.announced() == [good.object_key]


# ---- limits -----------------------------------------------------------------------------------
async def test_announced_files_go_before_footage_that_nobody_else_has(world: World):
    oldest = finished(world.spool, 0)
    told = old(world, finished(world.spool, 100))
    world.store.failure = StoreUnavailable("away")
    limit = world.spool.used_bytes() - 500
    uploader = world.uploader(max_bytes=limit)
    uploader.add(oldest)
    uploader.add(told)

    async with world.life(uploader):
        await eventually(lambda: not world.spool.sidecar_path(told).exists())

    assert world.spool.load() == [oldest]
    assert world.gaps == []


async def test_quarantined_files_go_before_any_footage(world: World):
    # They counted against the limit for ever: footage was dropped in their place.
    (world.root / QUARANTINE).mkdir()
    (world.root / QUARANTINE / "yard.film.mp4").write_bytes(bytes(5000))
    told = old(world, finished(world.spool))
    world.store.failure = StoreUnavailable("away")
    uploader = world.uploader(max_bytes=4000)
    uploader.add(told)

    async with world.life(uploader):
        await eventually(lambda: not list((world.root / QUARANTINE).iterdir()))

    assert world.spool.load() == [told]


async def test_stored_media_goes_but_its_announcement_stays(world: World):
    made = finished(world.spool, size=50_000).stored("f" * 64)
    world.spool.save(made)
    world.broker.go_offline()
    uploader = world.uploader(max_bytes=10_000, keep_seconds=3600)
    uploader.add(made)

    async with world.life(uploader):
        await eventually(lambda: not world.spool.media_path(made).exists())
        world.broker.go_online()
        await settled(uploader)

    assert world.announced() == [made.object_key]
    assert world.gaps == []


async def test_when_it_must_drop_the_oldest_footage_goes_with_a_gap(world: World):
    entries = [finished(world.spool, 10 * n, size=10_000) for n in range(5)]
    world.store.failure = StoreUnavailable("away")
    uploader = world.uploader(max_bytes=38_000)
    for each in reversed(entries):
        uploader.add(each)

    async with world.life(uploader):
        await eventually(lambda: len(world.gaps) == 2)
        world.store.failure = None
        await settled(uploader)

    assert [whole(g) for g in world.gaps] == [
        (at(0), at(10), GapReason.SPOOL_FULL),
        (at(10), at(20), GapReason.SPOOL_FULL),
    ]
    assert world.announced() == [e.object_key for e in entries[2:]]


async def test_a_recording_on_its_way_to_the_store_is_not_dropped(world: World):
    first, second = (finished(world.spool, n, size=10_000) for n in (0, 10))
    world.store.open.clear()
    uploader = world.uploader(max_bytes=15_000)
    uploader.add(first)
    uploader.add(second)

    async with world.life(uploader):
        await eventually(lambda: len(world.gaps) == 1)
        assert world.spool.media_path(first).exists()
        world.store.open.set()
        await settled(uploader)

    assert world.announced() == [first.object_key]
    assert [g.started_at for g in world.gaps] == [second.started_at]


async def test_free_space_counts_like_the_limit(world: World):
    made = finished(world.spool)
    world.store.failure = StoreUnavailable("away")
    uploader = world.uploader()
    settings = uploader._settings.model_copy(update={"spool_min_free_bytes": 1 << 60})
    uploader._settings = settings
    uploader.add(made)

    async with world.life(uploader):
        await eventually(lambda: bool(world.gaps))

    assert world.gaps[0].reason is GapReason.SPOOL_FULL


# ---- recordings whose file could not be finished ----------------------------------------------
def unfinished(world: World, seconds: float = 0.0) -> SpoolEntry:
    made = entry(seconds)
    world.spool.save(made)
    file = RecordingWriter(world.spool.media_path(made), real_parts()[0].init, expected_fragments=8)
    file.append(real_parts()[0])
    file.abandon()
    return made


@pytest.mark.parametrize("how", ["add", "add_unfinished"])
async def test_an_unfinished_recording_is_finished_and_uploaded(world: World, how: str):
    made = unfinished(world)
    uploader = world.uploader()
    getattr(uploader, how)(made)

    async with world.life(uploader):
        await eventually(lambda: world.announced() == [made.object_key])

    assert world.gaps == []


async def test_footage_that_was_promised_but_cannot_be_finished_is_a_gap(world: World):
    # An empty file was removed without a word, though its footage had been accounted for.
    made, empty = unfinished(world, 0), entry(60)
    world.spool.save(empty)
    uploader = world.uploader()
    uploader.add_unfinished(made, at(5))
    uploader.add_unfinished(empty, at(61))

    async with world.life(uploader):
        await eventually(lambda: len(world.gaps) == 2 and uploader.pending() == 0)

    lost = GapReason.RECORDING_LOST
    assert [whole(g) for g in world.gaps] == [(at(0.2), at(5), lost), (at(60), at(61), lost)]


async def test_a_recording_that_still_cannot_be_finished_keeps_back_nothing_else(world: World):
    # It was tried before room was made; on a full disk that failed every time, and no room was
    # ever made.
    stuck = entry(0)
    world.spool.save(stuck)
    world.spool.media_path(stuck).mkdir()
    good = unfinished(world, 60)
    told = old(world, finished(world.spool, 120, size=50_000))
    await world.store.put_file(told.object_key, world.spool.media_path(told))
    uploader = world.uploader(max_bytes=40_000, keep_seconds=3600)
    uploader.add_unfinished(stuck, at(5))
    uploader.add_unfinished(good, at(60.2))
    uploader.add(told)

    async with world.life(uploader):
        await eventually(lambda: not world.spool.sidecar_path(told).exists())
        await eventually(lambda: world.announced() == [good.object_key])
        world.spool.media_path(stuck).rmdir()
        await eventually(lambda: len(world.gaps) == 1)

    assert whole(world.gaps[0]) == (at(0), at(5), GapReason.RECORDING_LOST)


async def test_what_could_not_be_finished_yet_is_not_called_stored(world: World):
    # Who takes the camera over believed that it was, and named no gap for it.
    stuck = entry(0)
    uploader = world.uploader()
    uploader.last_announced_at["front-door"] = at(60)
    uploader.add_unfinished(stuck, at(5))

    assert uploader.stored_until("front-door") == at(0)


# ---- killed at any step -----------------------------------------------------------------------
async def live_until_killed(world: World, uploader: Uploader, *, done: timedelta) -> bool:
    """Run until everything is through; True when it was killed before."""
    task = asyncio.create_task(uploader.run())
    try:
        async with asyncio.timeout(done.total_seconds()):
            while not task.done():
                if not uploader.pending() and is_empty(world.root):
                    return False
                await asyncio.sleep(0.002)
    finally:
        task.cancel()
        await asyncio.wait([task])
    killed = task.exception()
    assert isinstance(killed, BaseExceptionGroup), killed
    assert killed.subgroup(Killed) is not None
    return True


@pytest.mark.parametrize("is_full", [False, True], ids=["enough room", "spool full"])
async def test_killed_at_any_step_everything_is_stored_once_or_explained(
    tmp_path: Path, is_full: bool
):
    for kill_at in range(1, 100):
        world = World(tmp_path / f"spool-{kill_at}")
        entries = [finished(world.spool, 10 * n, size=10_000) for n in range(2)]
        limit = 13_000 if is_full else 1 << 30
        if is_full:
            world.store.failure = StoreUnavailable("away")
        first = world.uploader(Fate(kill_at), max_bytes=limit)
        world.recover_into(first)
        was_killed = True
        if is_full:
            was_killed = await _dropping(world, first)
        else:
            was_killed = await live_until_killed(world, first, done=timedelta(seconds=10))

        world.store.failure = None
        second = world.uploader()
        world.recover_into(second)
        assert not await live_until_killed(world, second, done=timedelta(seconds=10))

        explained = {(g.started_at, g.ended_at) for g in world.gaps}
        for each in entries:
            is_stored = each.object_key in world.announced()
            assert is_stored == (each.object_key in world.store.contents)
            assert is_stored or (each.started_at, each.ended_at) in explained, kill_at
        assert len(world.announced()) == len(set(world.announced()))
        if not is_full:
            assert not world.gaps
        if not was_killed:
            assert kill_at > 8, "hardly anything was tried"
            return
    pytest.fail("never came to an end")


async def _dropping(world: World, uploader: Uploader) -> bool:
    """Run with the store away until the oldest is dropped; True when killed before."""
    task = asyncio.create_task(uploader.run())
    try:
        async with asyncio.timeout(10):
            while not task.done():
                if len(states(world.root)) == 1 and world.gaps:
                    return False
                await asyncio.sleep(0.002)
    finally:
        task.cancel()
        await asyncio.wait([task])
    return True


async def test_the_end_reason_and_all_else_survives_a_restart_in_every_state(world: World):
    made = finished(world.spool).model_copy(update={"end_reason": EndReason.PARAMETERS_CHANGED})
    for state in (made, made.stored("9" * 64), made.stored("9" * 64).announced(at(50))):
        world.spool.save(state)

        assert world.spool.load() == [state]
