"""Downloads of ranges: what is told of them, and that their bytes play."""

import io
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import av
import httpx
import pytest

from libs.contracts.times import isoformat_z
from libs.storage.errors import StoreUnavailable
from tests.integration.api.conftest import NOW, Api, recording
from tests.integration.api.footage_worlds import PICTURES, SECONDS, pictures_of, store_footage
from tests.unit.media.media_mux_samples import decode_file, luma, video

T0 = NOW - timedelta(hours=2)
CAMERA = "/api/v1/cameras/front-door"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def span(start: float, end: float, **more: str) -> dict[str, str]:
    return {"from": isoformat_z(at(start)), "to": isoformat_z(at(end)), **more}


async def clip(api: Api, start: float, end: float, **headers: str) -> httpx.Response:
    return await api.client.get(f"{CAMERA}/clip.mp4", params=span(start, end), headers=headers)


async def test_a_range_over_recordings_and_a_gap_is_one_file_with_every_picture(
    api: Api, tmp_path: Path
):
    for start in (0, SECONDS, 60):
        await store_footage(api, tmp_path, at(start))

    answer = await clip(api, 0, 100)

    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(answer.content))
    assert [luma(picture) for picture in decode_file(answer.content)] == 3 * pictures_of()
    with av.open(io.BytesIO(answer.content), "r") as container:
        assert container.duration == pytest.approx(3 * SECONDS * 1e6, abs=64_000)
        container.seek(4_600_000)
        picture = next(container.decode(video=0))
    assert picture.time == pytest.approx(4.4)
    assert luma(picture) == pictures_of()[10]


async def test_a_range_begins_with_the_keyframe_before_and_ends_with_a_whole_fragment(
    api: Api, tmp_path: Path
):
    await store_footage(api, tmp_path, at(0))

    answer = await clip(api, 0.5, 1.3)

    shown = [luma(picture) for picture in decode_file(answer.content)]
    assert shown == pictures_of()[10:40]
    assert answer.headers["everframe-from"] == isoformat_z(at(0.4))
    assert answer.headers["everframe-to"] == isoformat_z(at(1.6))
    assert answer.headers["everframe-missing-seconds"] == "0.000"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="front-door_2026-11-20_21-30-00Z_to_21-30-01Z.mp4"'
    )


async def test_the_plan_tells_size_length_and_what_is_missing(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))
    await store_footage(api, tmp_path, at(60))

    plan = (await api.client.get(f"{CAMERA}/clip", params=span(0.5, 70))).json()

    (file,) = plan["files"]
    answer = await api.client.get(file["path"])
    assert answer.status_code == 200
    assert len(answer.content) == file["bytes"]
    assert len(decode_file(answer.content)) == 90
    assert file["seconds"] == pytest.approx(3.6)
    assert f'filename="{file["file_name"]}"' in answer.headers["content-disposition"]
    assert plan["from"] == file["from"] == isoformat_z(at(0.4))
    assert plan["to"] == file["to"] == isoformat_z(at(62))
    assert plan["missing_seconds"] == pytest.approx(58 + 8)


async def test_time_to_come_is_not_missing(api: Api, tmp_path: Path):
    start = NOW - timedelta(seconds=SECONDS)
    await store_footage(api, tmp_path, start)
    params = {"from": isoformat_z(start), "to": isoformat_z(NOW + timedelta(hours=1))}

    plan = await api.client.get(f"{CAMERA}/clip", params=params)

    assert plan.json()["missing_seconds"] == 0


async def test_footage_that_changed_is_several_files_and_each_plays(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))
    await store_footage(api, tmp_path, at(2), stream=video(width=96))
    await store_footage(api, tmp_path, at(4), with_audio=False)

    refused = await clip(api, 0, 6)
    plan = (await api.client.get(f"{CAMERA}/clip", params=span(0, 6))).json()

    assert refused.status_code == 409
    paths = [file["path"] for file in plan["files"]]
    assert [error["problem"] for error in refused.json()["errors"]] == paths
    widths = []
    for file in plan["files"]:
        answer = await api.client.get(file["path"])
        assert (answer.status_code, len(answer.content)) == (200, file["bytes"])
        pictures = decode_file(answer.content)
        widths.append((len(pictures), pictures[0].width))
    assert widths == [(PICTURES, 64), (PICTURES, 96), (PICTURES, 64)]
    beyond = await api.client.get(paths[0].replace("file=1", "file=4"))
    assert beyond.status_code == 404


async def test_any_part_of_a_download_can_be_asked_for_alone(api: Api, tmp_path: Path):
    for start in (0, SECONDS, 60):
        await store_footage(api, tmp_path, at(start))
    whole = await clip(api, 0, 100)
    size = len(whole.content)
    cuts = [0, 1, 700, size // 3, size // 2, size - 1, size]

    parts = [
        await clip(api, 0, 100, range=f"bytes={begin}-{end - 1}")
        for begin, end in itertools.pairwise(cuts)
    ]

    assert {part.status_code for part in parts} == {206}
    assert b"".join(part.content for part in parts) == whole.content
    assert parts[1].headers["content-range"] == f"bytes 1-699/{size}"
    etag = whole.headers["etag"]
    assert {part.headers["etag"] for part in parts} == {etag}
    unchanged = await clip(api, 0, 100, **{"if-none-match": etag})
    assert unchanged.status_code == 304


async def test_a_download_that_changed_begins_anew(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))
    before = await clip(api, 0, 100)
    await store_footage(api, tmp_path, at(2))

    resumed = await clip(api, 0, 100, range="bytes=1000-", **{"if-range": before.headers["etag"]})

    assert resumed.status_code == 200
    assert len(decode_file(resumed.content)) == 2 * PICTURES


async def test_head_tells_the_size_and_sends_nothing(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))

    head = await api.client.head(f"{CAMERA}/clip.mp4", params=span(0, 2))

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len((await clip(api, 0, 2)).content))


async def test_a_recording_that_the_store_lost_is_told_before_anything_is_sent(
    api: Api, tmp_path: Path
):
    made = [await store_footage(api, tmp_path, at(2 * number)) for number in range(3)]
    await api.store.delete_many([made[1].object_key])

    answers = [await clip(api, 0, 6), await api.client.get(f"{CAMERA}/clip", params=span(0, 6))]
    first = await clip(api, 0, 2)
    api.store.failure = StoreUnavailable("down")
    away = await clip(api, 0, 2)

    for answer in answers:
        assert answer.status_code == 404
        assert "object store does not have it" in answer.json()["detail"]
    assert first.status_code == 200
    assert away.status_code == 503
    assert away.headers["retry-after"]


async def test_a_recording_that_is_shorter_than_its_index_is_lost(api: Api, tmp_path: Path):
    made = await store_footage(api, tmp_path, at(0))
    api.store.contents[made.object_key] = api.store.contents[made.object_key][:-1]
    stat = api.store.stats[made.object_key]
    api.store.stats[made.object_key] = type(stat)(**{**vars(stat), "size": stat.size - 1})

    assert (await clip(api, 0, 2)).status_code == 404


async def test_objects_that_are_no_recordings_are_a_404(api: Api):
    made = recording(at(0))
    await api.store_recording(made)

    assert (await clip(api, 0, 60)).status_code == 404


@pytest.mark.parametrize(
    ("start", "end", "status", "says"),
    [
        (0, 24 * 3600 + 1, 422, "24 hours"),
        (10, 0, 422, "after `from`"),
        (100, 200, 404, "nothing was recorded then"),
    ],
)
async def test_ranges_that_cannot_be_downloaded_say_why(api: Api, start, end, status, says):
    await api.add_camera()

    answers = [
        await clip(api, start, end),
        await api.client.get(f"{CAMERA}/clip", params=span(start, end)),
    ]

    for answer in answers:
        assert answer.status_code == status
        assert says in answer.text


async def test_too_many_fragments_are_refused_with_how_far_one_download_goes(api: Api):
    await api.apply(*(recording(at(600 * n), 600, fragment_seconds=0.04) for n in range(7)))

    answer = await clip(api, 0, 4200)

    assert answer.status_code == 422
    assert isoformat_z(at(3600)) in answer.json()["errors"][0]["problem"]


async def test_a_download_is_in_the_audit_log_once(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))

    for _ in range(2):
        await clip(api, 0, 2, range="bytes=10-")
    await api.context.audit_log.flush()

    async with api.database.connection() as db:
        rows = await db.fetch("select * from audit_log where action = 'footage.downloaded'")
    (entry,) = rows
    assert entry["camera_id"] == "front-door"
    assert isoformat_z(at(0)) in entry["detail"]
