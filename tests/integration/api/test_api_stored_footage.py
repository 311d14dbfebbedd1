from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.bus.errors import Permanent
from libs.contracts.footage import FootageFile, StoredFootageFound
from services.api.catalog import Scope
from services.api.stored_footage import LIST_FOOTAGE, list_footage
from tests.integration.api.conftest import NOW, Api, recording

T0 = NOW.replace(hour=20, minute=0)
PATH = "/api/v1/cameras/front-door/stored-footage"


def file(
    start: datetime = T0,
    seconds: float = 60,
    *,
    camera_id: str = "front-door",
    offset: float = 0.0,
    found_at: datetime = NOW,
    size: int | None = 1000,
    **fields: Any,
) -> StoredFootageFound:
    shown = start + timedelta(seconds=offset)
    values = {
        "channel": "1",
        "file_id": f"file of {start:%H:%M:%S}",
        "started_at": shown,
        "ended_at": shown + timedelta(seconds=seconds),
        "bytes": size,
        **fields,
    }
    return StoredFootageFound.of(
        FootageFile.model_validate(values),
        camera_id=camera_id,
        device_id="cellar",
        clock_offset_seconds=offset,
        found_at=found_at,
    )


# Files of a minute before T0, newest first.
MANY_FILES = """
insert into stored_footage (
    footage_id, camera_id, site, device_id, channel, stream, file_id, started_at, ended_at,
    device_started_at, device_ended_at, clock_offset_seconds, bytes, found_at, reported_at,
    event_id)
select md5(n::text), camera_id, site, device_id, channel, stream, n::text, started_at - n * length,
       ended_at - n * length, started_at, ended_at, 0, bytes, found_at, reported_at, n::text
from stored_footage, generate_series(1, 20000) as n, (values (interval '1 minute')) as v (length)
"""

# How often a plan that fits all arguments was used, of statements that have some.
GENERIC_PLANS = """
select sum(generic_plans) from pg_prepared_statements where cardinality(parameter_types) > 0
"""


def thrown_away(node: dict[str, Any]) -> Iterator[float]:
    """Yield how many rows each part of a plan read for nothing."""
    yield node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from thrown_away(part)


async def listed(api: Api, path: str = PATH, **params: Any) -> list[dict[str, Any]]:
    answer = await api.client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


async def test_file_is_stored_partial_or_on_the_device_as_recordings_cover_it(api: Api):
    await api.add_camera()
    await api.apply(
        recording(at(0), 60),
        recording(at(1), 30),
        recording(at(1.5), 30),
        recording(at(2), 30),
        recording(at(4), 60, stream="sub"),
        file(at(0), 120),
        file(at(2)),
        file(at(3)),
        file(at(4)),
    )

    items = await listed(api)

    assert [(each["state"], each["seconds"], each["recorded_seconds"]) for each in items] == [
        ("stored", 120.0, 120.0),
        ("partial", 60.0, 30.0),
        ("on_device", 60.0, 0.0),
        ("on_device", 60.0, 0.0),
    ]
    assert [each["bytes"] for each in items] == [1000] * 4
    assert [each["file_id"] for each in await listed(api, state="partial")] == ["file of 20:02:00"]


@pytest.mark.parametrize(
    ("missing", "state"), [(0.96, "stored"), (1.04, "partial"), (30.0, "partial")]
)
async def test_second_may_lack_because_devices_count_in_whole_ones(api: Api, missing, state):
    await api.add_camera()
    await api.apply(recording(T0, 60 - missing, fragment_seconds=0.04), file())

    assert [each["state"] for each in await listed(api)] == [state]


async def test_short_file_is_not_stored_for_being_short(api: Api):
    await api.add_camera()
    await api.apply(recording(T0, 0.2, fragment_seconds=0.04), file(seconds=1))

    assert [each["state"] for each in await listed(api)] == ["partial"]


async def test_devices_wrong_clock_is_taken_out(api: Api):
    await api.add_camera()
    await api.apply(recording(T0, 60), file(offset=3600.5))

    (item,) = await listed(api)
    assert (item["started_at"], item["state"]) == ("2026-11-20T20:00:00.000Z", "stored")
    assert item["clock_offset_seconds"] == 3600.5


async def test_file_told_twice_late_or_grown_is_one_file(api: Api):
    await api.add_camera()
    short, grown = file(seconds=30, size=500), file(found_at=NOW + timedelta(minutes=1))
    await api.apply(short, grown, grown, short)

    (item,) = await listed(api)
    assert (item["seconds"], item["bytes"]) == (60.0, 1000)


async def test_files_are_paged_through_in_order_and_each_comes_once(api: Api):
    await api.add_camera()
    await api.add_camera("Garage")
    await api.apply(*(file(at(number)) for number in range(5)))
    await api.apply(*(file(at(number), camera_id="garage", size=None) for number in range(5)))
    seen: list[tuple[str, str]] = []
    cursor = None
    for _ in range(4):
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await api.client.get("/api/v1/stored-footage", params=params)).json()
        seen += [(each["started_at"], each["camera_id"]) for each in page["items"]]
        cursor = page["next_cursor"]

    assert cursor is None
    assert len(set(seen)) == len(seen) == 10
    assert [start for start, _ in seen] == sorted(start for start, _ in seen)
    some = await listed(api, "/api/v1/stored-footage", camera="garage")
    assert {each["camera_id"] for each in some} == {"garage"}
    assert {each["bytes"] for each in some} == {None}


async def test_only_files_that_touch_the_range_are_listed(api: Api):
    await api.add_camera()
    # One that is longer than a day: where it begins says little about where it is.
    await api.apply(file(at(-3000), 51 * 3600), file(at(10)), file(at(20)))

    found = await listed(api, **{"from": at(5).isoformat(), "to": at(11).isoformat()})

    assert [each["file_id"] for each in found] == ["file of 18:00:00", "file of 20:10:00"]


@pytest.mark.parametrize("camera", [None, "front-door"])
async def test_what_is_older_than_the_range_is_not_read(api: Api, camera):
    # With a year of files a page of today took half a second: the index was read from its start.
    await api.apply(file())
    async with api.database.transaction() as db:
        await db.execute(MANY_FILES)
        await db.execute("analyze stored_footage")
        scope = Scope(camera and (camera,), "main", at(-600), at(60))
        pages = [await list_footage(db, scope, state=None, after=None, limit=5) for _ in range(8)]
        arguments = (scope.cameras, "main", scope.start, scope.end, None, None, None, 5)
        plan = await (await db.prepare(LIST_FOOTAGE)).explain(*arguments, analyze=True)
        generic = await db.fetchval(GENERIC_PLANS)

    assert [len(page) for page in pages] == [5] * 8
    assert sum(thrown_away(plan[0]["Plan"])) < 100
    assert generic == 0


async def test_streams_are_listed_apart(api: Api):
    await api.add_camera()
    await api.apply(file(), file(stream="sub"))

    assert [each["stream"] for each in await listed(api)] == ["main"]
    assert [each["stream"] for each in await listed(api, stream="sub")] == ["sub"]


async def test_file_that_ends_before_it_starts_goes_to_the_dead_letters(api: Api):
    good = file()
    bad = good.model_copy(update={"ended_at": good.started_at})

    with pytest.raises(Permanent):
        await api.apply(bad)


async def test_unknown_camera_has_no_stored_footage(api: Api):
    assert (await api.client.get(PATH)).status_code == 404
    assert (await api.client.get(PATH, params={"state": "lost"})).status_code == 422
