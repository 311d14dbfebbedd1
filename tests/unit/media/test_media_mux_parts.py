import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.media import boxes, nal
from libs.media.packets import Break, Packet, Part, TrackKind
from libs.media.parts import Muxer, part_target
from tests.unit.media.media_mux_samples import (
    RATE,
    audio,
    decode_annex_b,
    decode_file,
    interleaved,
    luma,
    mux,
    shifted,
    video,
)

START = 900_000


def runs_of(part: Part) -> list[boxes.Run]:
    return boxes.runs(part.data)


def assert_consistent(parts: Sequence[Part]) -> None:
    """What must hold for any input: see Part and TrackRun."""
    end = None
    sound_end = 0
    for part in parts:
        runs = runs_of(part)
        picture = runs[0]
        assert end is None or picture.base_decode_time == end or part.starts_after is not None
        assert end is None or picture.base_decode_time >= end
        assert min(picture.durations) > 0
        assert picture.is_sync[0] is part.is_keyframe_start
        assert not any(picture.is_sync[1:])
        assert (part.start_90k, part.duration_90k) == (picture.base_decode_time, picture.duration)
        end = picture.base_decode_time + picture.duration
        for run, described in zip(runs, part.runs, strict=True):
            assert run.tfdt_offset == described.tfdt_offset
            assert run.base_decode_time == described.base_decode_time
            assert run.duration == described.duration
            assert run.track_id == described.track_id
        for sound in runs[1:]:
            assert sound.base_decode_time >= sound_end
            assert min(sound.durations) > 0
            sound_end = sound.base_decode_time + sound.duration
        payload = sum(sum(run.sizes) for run in runs)
        assert runs[0].data_offset + payload == len(part.data)


def samples_of(parts: Sequence[Part], track: int) -> list[bytes]:
    found = []
    for part in parts:
        for run in runs_of(part):
            at = run.data_offset
            for size in run.sizes:
                if run.track_id == track:
                    found.append(part.data[at : at + size])
                at += size
    return found


def converted(packets: Sequence[Packet]) -> list[bytes]:
    return [b"".join(nal.convert("h264", packet.data).pieces) for packet in packets]


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0), ("hevc", 2), ("mpeg4", 0)]
)
def test_parts_decode_to_the_pictures_of_the_source(codec: str, b_frames: int) -> None:
    stream = video(codec, b_frames=b_frames)

    _, parts = mux(stream.track, None, stream.packets)

    file = parts[0].init.data + b"".join(part.data for part in parts)
    assert [luma(picture) for picture in decode_file(file)] == decode_annex_b(stream)
    assert_consistent(parts)


def test_b_frames_are_presented_in_order_from_the_start_of_the_timeline() -> None:
    stream = video(b_frames=2)

    _, parts = mux(stream.track, None, stream.packets)

    shown = []
    for part in parts:
        run = runs_of(part)[0]
        at = run.base_decode_time
        for duration, offset in zip(run.durations, run.composition_offsets, strict=True):
            shown.append(at + offset)
            at += duration
    assert sorted(shown) == [START + 3600 * number for number in range(50)]


def test_a_part_begins_at_every_keyframe_and_is_never_longer_than_the_target() -> None:
    stream = video(gop=12)

    _, parts = mux(stream.track, None, stream.packets)

    assert [part.duration_90k // 3600 for part in parts] == [5, 5, 2] * 4 + [2]
    assert [part.is_keyframe_start for part in parts] == [True, False, False] * 4 + [True]


def test_a_part_comes_with_the_frame_behind_it() -> None:
    stream = video(gop=50)
    muxer = Muxer(stream.track, None)

    finished = [bool(muxer.push(packet)) for packet in stream.packets[:12]]

    assert [at for at, is_finished in enumerate(finished) if is_finished] == [5, 10]


def test_a_single_frame_longer_than_the_target_is_a_part() -> None:
    stream = video(frames=5, gop=5)
    slow = [
        packet._replace(pts=at * 45_000, dts=at * 45_000, arrived_monotonic=at * 0.5)
        for at, packet in enumerate(stream.packets)
    ]

    _, parts = mux(stream.track, None, slow)

    assert [part.duration_90k for part in parts[:4]] == [45_000] * 4


def test_the_session_starts_at_ten_seconds_with_the_first_keyframe() -> None:
    stream = video()

    muxer, parts = mux(stream.track, None, shifted(stream.packets[3:], ticks=12_345))

    assert parts[0].start_90k == START
    assert parts[0].starts_after is Break.SESSION_START
    assert [part.starts_after for part in parts[1:]] == [None] * (len(parts) - 1)
    assert muxer.skipped_video == 7


def test_a_keyframe_whose_timestamp_comes_later_is_counted_back() -> None:
    stream = video()
    untimed = [packet._replace(pts=None, dts=None) for packet in stream.packets[:3]]

    _, parts = mux(stream.track, None, [*untimed, *stream.packets[3:]])

    assert parts[0].start_90k == START
    assert len(samples_of(parts, 1)) == 50
    assert {d for part in parts for d in runs_of(part)[0].durations} == {3600}


def test_a_camera_that_never_sends_timestamps_is_recorded_at_its_frame_rate() -> None:
    stream = video(frames=80)
    untimed = [packet._replace(pts=None, dts=None) for packet in stream.packets]

    _, parts = mux(stream.track, None, untimed)

    assert len(samples_of(parts, 1)) == 80
    assert sum(part.duration_90k for part in parts) == 80 * 3600


def test_a_part_has_exactly_the_audio_of_its_video_range() -> None:
    stream, (sound, packets) = video(), audio()

    muxer, parts = mux(stream.track, sound, interleaved(stream.packets, packets))

    for part in parts:
        starts = []
        for run in runs_of(part)[1:]:
            starts = list(itertools.accumulate(run.durations[:-1], initial=run.base_decode_time))
        end = part.start_90k + part.duration_90k
        assert all(part.start_90k * RATE <= at * 90_000 < end * RATE for at in starts)
    assert samples_of(parts, 2) == [
        packet.data for packet in packets if packet.dts in range(2 * RATE)
    ]
    assert muxer.dropped_audio == sum(packet.dts not in range(2 * RATE) for packet in packets)


def test_audio_keeps_its_distance_to_the_video() -> None:
    stream, (sound, packets) = video(), audio()
    late = shifted(packets, ticks=RATE // 2, seconds=0.5)

    _, parts = mux(stream.track, sound, interleaved(stream.packets, late))

    first = next(run for part in parts for run in runs_of(part)[1:])
    assert first.base_decode_time == 10 * RATE + RATE // 2


def test_a_part_waits_for_audio_that_lags() -> None:
    stream, (sound, packets) = video(), audio()
    muxer = Muxer(stream.track, sound)

    before = [part for packet in stream.packets[:15] for part in muxer.push(packet)]
    after = [part for packet in packets[:8] for part in muxer.push(packet)]

    assert before == []
    assert [part.start_90k for part in after] == [START, START + 18_000]


def test_audio_that_is_absent_for_a_second_holds_nothing_up() -> None:
    stream, (sound, packets) = video(frames=75, gop=25), audio()
    muxer = Muxer(stream.track, sound)
    for packet in interleaved(stream.packets[:25], packets[:16]):
        muxer.push(packet)

    waits = []
    done = 0
    for at, packet in enumerate(stream.packets[25:], start=25):
        done += len(muxer.push(packet))
        waits.append(at - 25 - done * 5)

    assert max(waits) < 35
    assert max(waits[30:]) < 12  # five frames of a part and its look-ahead


def test_late_audio_goes_into_the_next_part_of_the_same_gop() -> None:
    stream, (sound, packets) = video(frames=75, gop=75), audio(3.0)
    slow = shifted(packets, seconds=1.5)

    muxer, parts = mux(stream.track, sound, interleaved(stream.packets, slow))

    assert_consistent(parts)
    written = samples_of(parts, 2)
    assert written == [packet.data for packet in packets[: len(written)]]
    assert len(written) + muxer.dropped_audio == len(packets)
    assert len(written) >= 20


def test_late_audio_never_crosses_a_keyframe() -> None:
    stream, (sound, packets) = video(frames=75, gop=25), audio(3.0)
    slow = shifted(packets, seconds=1.5)

    muxer, parts = mux(stream.track, sound, interleaved(stream.packets, slow))

    gop_start = 0
    for part in parts:
        gop_start = part.start_90k if part.is_keyframe_start else gop_start
        for run in runs_of(part)[1:]:
            assert run.base_decode_time * 90_000 >= gop_start * RATE
    assert muxer.dropped_audio > 0
    assert len(samples_of(parts, 2)) + muxer.dropped_audio == len(packets)


def test_audio_before_the_first_keyframe_is_left_out_and_counted() -> None:
    stream, (sound, packets) = video(), audio()
    early = shifted(packets, ticks=-RATE, seconds=-1.0)

    muxer, parts = mux(stream.track, sound, interleaved(stream.packets, early))

    written = samples_of(parts, 2)
    assert muxer.skipped_audio == 16
    assert written == [packet.data for packet in packets[16 : 16 + len(written)]]


def test_new_parameters_at_a_keyframe_make_a_new_init_segment() -> None:
    small, large = video(frames=20), video(frames=20, width=96)
    packets = [*small.packets, *shifted(large.packets, ticks=20 * 3600, seconds=0.8)]

    _, parts = mux(small.track, None, packets)

    assert_consistent(parts)
    changed = [part for part in parts if part.starts_after is Break.PARAMETERS_CHANGED]
    assert [part.start_90k for part in changed] == [START + 20 * 3600]
    assert {part.init.width for part in parts if part.start_90k < changed[0].start_90k} == {64}
    assert {part.init.width for part in parts if part.start_90k >= changed[0].start_90k} == {96}
    second = [part for part in parts if part.init is changed[0].init]
    file = changed[0].init.data + b"".join(part.data for part in second)
    assert [luma(picture) for picture in decode_file(file)] == decode_annex_b(large)


def test_a_keyframe_that_repeats_only_one_kind_of_parameter_set_changes_nothing() -> None:
    stream = video()
    sps, pps = nal.parameter_sets("h264", stream.packets[0].data)
    packets = list(stream.packets)
    packets[10] = packets[10]._replace(data=packets[10].data.replace(b"\0\0\0\1" + sps, b"", 1))

    muxer, parts = mux(stream.track, None, packets)

    assert nal.parameter_sets("h264", packets[10].data) == (pps,)
    assert len({part.init.sha256 for part in parts}) == 1
    assert muxer.failed_inits == 0


def test_a_jump_is_told_at_the_next_keyframe_and_the_timeline_goes_on() -> None:
    stream = video()
    packets = [*stream.packets[:14], *shifted(stream.packets[14:], ticks=3600 * 90_000)]

    muxer, parts = mux(stream.track, None, packets)

    assert_consistent(parts)
    breaks = {part.start_90k: part.starts_after for part in parts if part.starts_after}
    assert breaks == {START: Break.SESSION_START, START + 20 * 3600: Break.TIMESTAMP_JUMP}
    assert sum(part.duration_90k for part in parts) == 50 * 3600
    assert muxer.timestamp_jumps == 1


def test_a_long_silence_before_a_keyframe_is_a_hole_between_recordings() -> None:
    stream = video()
    away = shifted(stream.packets[20:], ticks=30 * 90_000, seconds=30)

    _, parts = mux(stream.track, None, [*stream.packets[:20], *away])

    resumed = next(part for part in parts if part.starts_after is Break.TIMESTAMP_JUMP)
    before = parts[parts.index(resumed) - 1]
    assert before.start_90k + before.duration_90k == START + 20 * 3600
    assert resumed.start_90k == START + 20 * 3600 + 30 * 90_000
    assert resumed.captured_monotonic == pytest.approx(1030.8)


def test_the_capture_time_is_free_of_jitter() -> None:
    stream = video()
    jittery = [
        packet._replace(arrived_monotonic=packet.arrived_monotonic + 0.03 * (at % 5))
        for at, packet in enumerate(stream.packets)
    ]

    _, parts = mux(stream.track, None, jittery)

    assert [part.captured_monotonic for part in parts] == pytest.approx(
        [1000.0 + (part.start_90k - START) / 90_000 for part in parts]
    )


def test_the_skew_of_the_camera_clock_is_told_where_it_is_known() -> None:
    stream = video()
    told = [
        packet._replace(camera_time_us=int((packet.arrived_monotonic + 500_007) * 1e6))
        for packet in stream.packets[10:]
    ]

    muxer = Muxer(stream.track, None, wall_minus_monotonic=lambda: 500_000.0)
    parts = [part for packet in [*stream.packets[:10], *told] for part in muxer.push(packet)]

    assert [part.camera_skew_seconds for part in parts[:2]] == [None, None]
    assert [part.camera_skew_seconds for part in parts[2:]] == pytest.approx([7.0] * 7, abs=1e-3)


def test_nothing_comes_of_a_stream_whose_parameter_sets_are_never_seen() -> None:
    stream = video()
    bare = [packet._replace(data=b"\0\0\0\1\x65\x88\x84") for packet in stream.packets]

    muxer, parts = mux(stream.track, None, bare)

    assert parts == []
    assert (muxer.skipped_video, muxer.failed_inits) == (50, 50)


JITTER = st.floats(-0.015, 0.2)
JUMPS = st.sampled_from([0, 0, 0, 0, 0, 0, 1 << 32, -(1 << 32), 70_000, -30_000, 10**9, -(10**9)])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_the_clocks_do_no_frame_is_lost_and_the_timeline_is_monotone(data) -> None:
    stream, (sound, sounds) = video(), audio()
    changed: dict[TrackKind, list[Packet]] = {}
    for packets in (stream.packets, sounds):
        shift, made = data.draw(st.integers(-(10**6), 10**10)), []
        for packet in packets:
            shift += data.draw(JUMPS)
            ticks = packet.dts + shift + data.draw(st.integers(-1500, 1500))
            is_untimed = data.draw(st.integers(0, 30)) == 0
            made.append(
                packet._replace(
                    dts=None if is_untimed else ticks,
                    pts=None if is_untimed else ticks,
                    arrived_monotonic=packet.arrived_monotonic + data.draw(JITTER),
                )
            )
        changed[packets[0].track] = made
    lag = data.draw(st.floats(0, 3))
    late = shifted(changed[TrackKind.AUDIO], seconds=lag)
    # order within a track is kept, as TCP keeps it
    queue = sorted(
        [
            (at, p)
            for p, at in zip(
                changed[TrackKind.VIDEO], _ordered(changed[TrackKind.VIDEO]), strict=True
            )
        ]
        + [(at, p) for p, at in zip(late, _ordered(late), strict=True)],
        key=lambda pair: pair[0],
    )

    muxer, parts = mux(
        stream.track, sound, [packet._replace(arrived_monotonic=at) for at, packet in queue]
    )

    assert_consistent(parts)
    assert samples_of(parts, 1) == converted(stream.packets)
    assert len(samples_of(parts, 2)) + muxer.dropped_audio + muxer.skipped_audio == len(sounds)
    assert all(part.duration_90k <= 18_000 or len(runs_of(part)[0].sizes) == 1 for part in parts)


def _ordered(packets: Sequence[Packet]) -> list[float]:
    return list(itertools.accumulate((packet.arrived_monotonic for packet in packets), max))


@pytest.mark.parametrize(
    ("wanted", "fps", "frames"),
    [
        (0.2, 25, 5),
        (0.2, 30, 6),
        (0.2, 12, 2),
        (0.2, 8, 2),
        (0.2, 1, 1),
        (0.1, 25, 2),
        (1.0, 20, 20),
    ],
)
def test_whole_frames_fill_the_part_target_well(wanted, fps, frames):
    target = part_target(wanted, fps)

    assert frames / fps <= target
    assert frames / fps >= 0.85 * target
    assert (frames + 1) / fps > target


def test_a_camera_that_does_not_say_its_frame_rate_gets_the_wanted_target():
    assert part_target(0.2, None) == pytest.approx(0.21)


def test_the_last_part_before_a_keyframe_says_so():
    stream = video(frames=50)
    _, parts = mux(stream.track, None, stream.packets)

    following = [part.is_keyframe_start for part in parts[1:]]
    assert [part.ends_gop for part in parts[:-1]] == following
    assert any(following)
