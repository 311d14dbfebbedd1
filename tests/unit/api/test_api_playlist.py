"""Playlists from random recordings that overlap, leave holes and drift."""

import itertools
from datetime import UTC, datetime, timedelta

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.playlist import Fragment, Playable, clips_of, render, select_clips

T0 = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
INIT_BYTES = 700


def playable(
    start: float,
    durations: list[float],
    *,
    epoch: int = 1,
    drift: float = 1.0,
    init: str = "a",
) -> Playable:
    fragments, offset = [], INIT_BYTES
    for index, seconds in enumerate(durations):
        size = 1000 + index
        fragments.append(Fragment(offset, size, round(seconds * 90_000)))
        offset += size
    started_at = T0 + timedelta(seconds=start)
    length = timedelta(seconds=sum(durations) * drift)
    return Playable(
        f"cam~{start:.3f}~{epoch}",
        started_at,
        started_at + length,
        INIT_BYTES,
        init,
        tuple(fragments),
    )


def uri(recording_id: str, shift_90k: int) -> str:
    return f"{recording_id}.mp4{shift_90k:+}"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def starts(clips) -> list[float]:
    return [(clip.start - T0).total_seconds() for clip in clips]


durations = st.lists(
    st.integers(min_value=40, max_value=12_000).map(lambda ms: ms / 1000), min_size=1, max_size=12
)
recordings = st.lists(
    st.builds(
        playable,
        st.integers(min_value=-30_000, max_value=120_000).map(lambda ms: ms / 1000),
        durations,
        epoch=st.integers(min_value=1, max_value=3),
        drift=st.sampled_from([0.99, 1.0, 1.01]),
        init=st.sampled_from("ab"),
    ),
    max_size=8,
    unique_by=lambda r: r.recording_id,
)
ranges = st.tuples(
    st.integers(min_value=-20_000, max_value=100_000), st.integers(min_value=1, max_value=90_000)
).map(lambda pair: (at(pair[0] / 1000), at((pair[0] + pair[1]) / 1000)))


def merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def clipped(
    spans: list[tuple[datetime, datetime]], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    cut = [(max(a, start), min(b, end)) for a, b in spans]
    return merged([(a, b) for a, b in cut if a < b])


@given(recordings, ranges)
def test_every_recorded_moment_of_the_range_is_played(found, span):
    start, end = span

    clips = select_clips(found, start, end)

    everything = [(c.start, c.end) for r in found for c in clips_of(r)]
    played = [(c.start, c.end) for c in clips]
    assert clipped(played, start, end) == clipped(everything, start, end)


@given(recordings, ranges)
def test_starts_rise_and_no_clip_repeats_another_entirely(found, span):
    clips = select_clips(found, *span)

    for before, after in itertools.pairwise(clips):
        assert before.start < after.start
        assert before.end < after.end


@given(recordings, ranges)
def test_playlist_lists_exactly_the_clips_and_any_parser_reads_it(found, span):
    clips = select_clips(found, *span)

    parsed = m3u8.loads(render(clips, media_uri=uri, is_final=True))

    assert parsed.is_endlist
    assert parsed.playlist_type == "vod"
    addresses = [segment.uri.partition(".mp4") for segment in parsed.segments]
    assert [name for name, _, _ in addresses] == [c.recording.recording_id for c in clips]
    total = sum(c.fragment.duration_90k for c in clips) / 90_000
    assert sum(s.duration for s in parsed.segments) == pytest.approx(total, abs=1e-5 * len(clips))
    assert all(round(s.duration) <= parsed.target_duration for s in parsed.segments)
    for segment, clip in zip(parsed.segments, clips, strict=True):
        size, offset = map(int, segment.byterange.split("@"))
        last = clip.recording.fragments[-1]
        assert offset >= INIT_BYTES
        assert offset + size <= last.offset + last.bytes
        assert segment.init_section.byterange == f"{INIT_BYTES}@0"
        init = next(r for r in found if segment.init_section.uri == uri(r.recording_id, 0))
        assert init.init_sha256 == clip.recording.init_sha256


@given(recordings, ranges)
def test_shifted_decode_times_run_on_without_a_seam_over_the_whole_playlist(found, span):
    clips = select_clips(found, *span)

    parsed = m3u8.loads(render(clips, media_uri=uri, is_final=True))

    position = None
    for segment, clip in zip(parsed.segments, clips, strict=True):
        shift = int(segment.uri.partition(".mp4")[2])
        before = [f for f in clip.recording.fragments if f.offset < clip.fragment.offset]
        decode_time = sum(f.duration_90k for f in before) + shift
        assert decode_time >= 0
        assert position is None or decode_time == position
        position = decode_time + clip.fragment.duration_90k


def test_unbroken_session_plays_as_one_piece_and_a_change_of_parameters_does_not():
    found = [playable(0, [2, 2]), playable(4, [2]), playable(6, [2], init="b")]

    text = render(select_clips(found, at(0), at(100)), media_uri=uri, is_final=True)

    assert text.partition("SEGMENTS\n")[2] == (
        '#EXT-X-MAP:URI="cam~0.000~1.mp4+0",BYTERANGE="700@0"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:00.000Z\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@700\ncam~0.000~1.mp4+0\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1001@1700\ncam~0.000~1.mp4+0\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:04.000Z\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@700\ncam~4.000~1.mp4+360000\n"
        "#EXT-X-DISCONTINUITY\n"
        '#EXT-X-MAP:URI="cam~6.000~1.mp4+0",BYTERANGE="700@0"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:06.000Z\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@700\ncam~6.000~1.mp4+540000\n"
        "#EXT-X-ENDLIST\n"
    )


@given(recordings, ranges)
def test_every_seam_is_a_discontinuity_and_every_recording_says_its_time(found, span):
    clips = select_clips(found, *span)

    parsed = m3u8.loads(render(clips, media_uri=uri, is_final=True))

    previous = None
    for number, (segment, clip) in enumerate(zip(parsed.segments, clips, strict=True)):
        is_new = clip.recording is not previous
        is_seamless = (
            previous is not None
            and previous.ended_at == clip.recording.started_at
            and previous.init_sha256 == clip.recording.init_sha256
            and clips[number - 1].fragment == previous.fragments[-1]
            and clip.fragment == clip.recording.fragments[0]
        )
        assert segment.discontinuity == (is_new and number > 0 and not is_seamless)
        assert (segment.program_date_time is not None) == is_new
        if is_new:
            milliseconds = timedelta(milliseconds=1)
            assert abs(segment.program_date_time - clip.start) < milliseconds
        previous = clip.recording


def test_gap_between_recordings_becomes_a_discontinuity_with_the_wall_time():
    clips = select_clips([playable(0, [2, 2]), playable(600, [2])], at(0), at(1000))

    text = render(clips, media_uri=uri, is_final=True)

    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="cam~0.000~1.mp4+0",BYTERANGE="700@0"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:00.000Z\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@700\ncam~0.000~1.mp4+0\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1001@1700\ncam~0.000~1.mp4+0\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:10:00.000Z\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:1000@700\ncam~600.000~1.mp4+360000\n"
        "#EXT-X-ENDLIST\n"
    )


def test_recording_of_a_second_recorder_goes_on_where_the_first_one_ends():
    first = playable(0, [2, 2, 2], epoch=1)
    second = playable(1, [2, 2, 2], epoch=2)

    clips = select_clips([second, first], at(0), at(100))

    assert starts(clips) == [0, 2, 4, 5]


def test_recording_inside_another_is_left_out():
    clips = select_clips([playable(0, [10]), playable(2, [2, 2], epoch=2)], at(0), at(100))

    assert starts(clips) == [0]


def test_drifting_camera_clock_is_spread_over_the_recording():
    recording = playable(0, [2, 2, 2, 2], drift=1.05)

    clips = clips_of(recording)

    assert starts(clips) == [0, 2.1, 4.2, 6.3]
    assert clips[-1].end == recording.ended_at


def test_playlist_that_grows_is_an_event_without_end_and_keeps_its_target_duration():
    short = render(select_clips([playable(0, [2])], at(0), at(100)), media_uri=uri, is_final=False)
    longer = render(
        select_clips([playable(0, [2]), playable(2, [9.5])], at(0), at(100)),
        media_uri=uri,
        is_final=False,
    )

    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in short
    assert "#EXT-X-ENDLIST" not in short
    assert longer.startswith(short)
