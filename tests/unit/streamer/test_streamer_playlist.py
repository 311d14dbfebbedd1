"""Rules of RFC 8216bis draft 22 and of Apple's authoring specification, one test each.

Checked on every playlist of whole sessions: made up ones, and ones that the real muxer made.
"""

import re
from collections.abc import Callable, Iterable
from itertools import pairwise

import m3u8
import pytest

from services.streamer.playlist import bandwidth, render_master, render_media
from services.streamer.window import LiveWindow
from tests.unit.streamer.streamer_samples import (
    INIT,
    OTHER_INIT,
    START_MS,
    Producer,
    Told,
    eventful,
    lines_with,
    muxed,
    muxed_twice,
    playlist_of,
    playlists_of,
    text_of,
    window_of,
)

SESSIONS: dict[str, Callable[[], list[Told]]] = {
    "eventful": eventful,
    "muxed": muxed,
    "muxed with sound": lambda: muxed(sound=True),
    "muxed with a GOP longer than a segment": lambda: muxed(gop=250),
    "muxed with a GOP shorter than a segment": lambda: muxed(gop=10),
    "muxed as H.265": lambda: muxed("hevc", frames=200),
    "two sessions": muxed_twice,
}
ATTRIBUTE = re.compile(r'([A-Z-]+)=("[^"]*"|[^,]*)')


@pytest.fixture(params=SESSIONS)
def told(request: pytest.FixtureRequest) -> list[Told]:
    return SESSIONS[request.param]()


@pytest.fixture
def texts(told: list[Told]) -> list[str]:
    return list(playlists_of(told))


def attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(line.partition(":")[2])}


def only(text: str, tag: str) -> str:
    (line,) = lines_with(text, tag)
    return line


def number(text: str, tag: str) -> int:
    return int(only(text, tag).partition(":")[2])


def microseconds(seconds: str) -> int:
    whole, _, rest = seconds.partition(".")
    return int(whole) * 1_000_000 + int(rest.ljust(6, "0"))


def segments_in(text: str) -> list[list[str]]:
    """The lines of each segment, the open one last; without the head and the hint."""
    groups: list[list[str]] = [[]]
    body = text.splitlines()
    start = next(at for at, line in enumerate(body) if line.startswith("#EXT-X-DISCONTINUITY-SEQ"))
    for line in body[start + 1 : -1]:
        groups[-1].append(line)
        if not line.startswith("#"):
            groups.append([])
    return [group for group in groups if group]


def parts_in(lines: Iterable[str]) -> list[dict[str, str]]:
    return [attributes(line) for line in lines if line.startswith("#EXT-X-PART:")]


def segment_us(lines: list[str]) -> int:
    for line in lines:
        if line.startswith("#EXTINF:"):
            return microseconds(line[8:-1])
    return sum(microseconds(part["DURATION"]) for part in parts_in(lines))


def text_told_by(producer: Producer) -> str:
    return text_of(window_of(producer.told))


# Head


def test_part_inf_declares_the_part_target_of_the_camera(told, texts):
    for text in texts:
        declared = attributes(only(text, "#EXT-X-PART-INF:"))
        assert declared == {"PART-TARGET": f"{told[0][0].part_target_ms / 1000:.3f}"}


def test_server_control_offers_blocking_reload_and_three_times_the_targets_to_hold_back(texts):
    for text in texts:
        control = m3u8.loads(text).server_control
        part_target = m3u8.loads(text).part_inf.part_target
        assert control.can_block_reload == "YES"
        assert control.part_hold_back == pytest.approx(3 * part_target)
        assert control.hold_back == 3 * number(text, "#EXT-X-TARGETDURATION:")


def test_no_delta_updates_are_offered_or_given(texts):
    assert all("CAN-SKIP" not in text and "EXT-X-SKIP" not in text for text in texts)


def test_what_is_declared_never_changes_during_a_session(texts):
    tags = ("#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF")
    declared = {tuple(line for tag in tags for line in lines_with(text, tag)) for text in texts}

    assert len(declared) == 1


def test_a_master_playlist_has_one_rendition_so_that_none_can_differ_from_it():
    newest = Producer().segment()[0][0]

    master = m3u8.loads(render_master(newest, bandwidth=4_000_000, media_uri="main/one/media.m3u8"))

    (stream,) = master.playlists
    assert stream.uri == "main/one/media.m3u8"
    assert stream.stream_info.bandwidth == 4_000_000
    assert stream.stream_info.codecs == "avc1.640028,mp4a.40.2"
    assert stream.stream_info.resolution == (1920, 1080)
    assert stream.stream_info.frame_rate == 25.0


def test_a_master_playlist_leaves_out_what_is_not_known():
    newest = Producer().segment()[0][0].model_copy(update={"width": 0, "fps": None})

    text = render_master(newest, bandwidth=1, media_uri="media.m3u8")

    assert "RESOLUTION" not in text
    assert "FRAME-RATE" not in text


def test_bandwidth_is_that_of_the_largest_listed_segment_rounded_up():
    producer = Producer()
    producer.segment(part_bytes=10_000)
    producer.segment(part_bytes=20_000)
    producer.segment(part_bytes=5_000)

    assert bandwidth(window_of(producer.told)) == 1_000_000  # 100 kB in a second are 800 kbit/s


def test_bandwidth_is_told_of_the_first_part_already():
    told = Producer().segment(part_bytes=10_000)[:1]

    assert bandwidth(window_of(told)) == 500_000


def test_the_version_has_all_that_is_used_and_stands_once(texts):
    assert {only(text, "#EXT-X-VERSION:") for text in texts} == {"#EXT-X-VERSION:9"}


def test_a_live_playlist_has_no_type_and_no_end(texts):
    for text in texts:
        assert "EXT-X-PLAYLIST-TYPE" not in text
        assert "EXT-X-ENDLIST" not in text


def test_rendition_reports_are_left_out_where_there_is_one_rendition(texts):
    assert all("EXT-X-RENDITION-REPORT" not in text for text in texts)


def test_independent_segments_are_never_claimed_because_long_gops_are_cut_without_keyframe(texts):
    assert all("EXT-X-INDEPENDENT-SEGMENTS" not in text for text in texts)


# Parts and segments


def test_no_part_is_longer_than_the_part_target(told, texts):
    target_us = told[0][0].part_target_ms * 1000
    durations = [microseconds(part["DURATION"]) for part in parts_in("\n".join(texts).splitlines())]

    assert durations
    assert max(durations) <= target_us


def test_parts_have_85_percent_of_the_target_unless_independent_or_the_last_of_a_segment():
    for session in (muxed(), muxed(sound=True), muxed(gop=250), muxed("hevc", frames=200)):
        for text in playlists_of(session):
            for lines in segments_in(text):
                for part in parts_in(lines)[:-1]:
                    is_exempt = part.get("INDEPENDENT") == "YES"
                    assert is_exempt or microseconds(part["DURATION"]) >= 170_000


def test_every_part_that_begins_with_a_keyframe_is_marked_and_no_other(told, texts):
    independent = {f"{part.msn}.{part.part}.m4s" for part, _ in told if part.is_independent}
    for text in texts:
        for part in parts_in(text.splitlines()):
            assert (part.get("INDEPENDENT") == "YES") == (part["URI"] in independent)


def test_tags_of_a_segment_come_before_its_first_part_in_order(texts):
    order = ["DISCONTINUITY", "MAP", "PROGRAM-DATE-TIME", "PART"]
    for text in texts:
        for lines in segments_in(text):
            tags = [line.split(":")[0].removeprefix("#EXT-X-") for line in lines]
            ranks = [order.index(tag) for tag in tags if tag in order]
            assert ranks == sorted(ranks)
            end = [line for line in lines if line.startswith("#EXTINF") or line[0] != "#"]
            assert lines[len(lines) - len(end) :] == end


def test_a_part_is_listed_with_the_very_message_that_brings_it(told):
    window = LiveWindow()
    for part, payload in told:
        window.add(part, payload)
        listed = parts_in(text_of(window).splitlines())
        assert listed[-1]["URI"] == f"{part.msn}.{part.part}.m4s"


def test_a_segments_duration_is_the_sum_of_its_parts(texts):
    for text in texts:
        for lines in segments_in(text):
            parts = parts_in(lines)
            if parts:
                assert segment_us(lines) == sum(microseconds(part["DURATION"]) for part in parts)


def test_durations_of_a_timeline_add_up_to_its_true_length_within_a_microsecond(told, texts):
    by_msn: dict[int, int] = {}
    for part, _ in told:
        by_msn[part.msn] = by_msn.get(part.msn, 0) + part.duration_90k
    runs: list[list[tuple[int, int]]] = [[]]
    msn = number(texts[-1], "#EXT-X-MEDIA-SEQUENCE:")
    for at, lines in enumerate(segments_in(texts[-1])):
        if "#EXT-X-DISCONTINUITY" in lines:
            runs.append([])
        runs[-1].append((segment_us(lines), by_msn[msn + at]))
    for run in runs:
        true_us = sum(ticks for _, ticks in run) * 1_000_000 / 90_000
        assert abs(sum(us for us, _ in run) - true_us) < 1


def test_every_extinf_rounded_is_within_the_target_duration(texts):
    for text in texts:
        target = number(text, "#EXT-X-TARGETDURATION:")
        assert all(round(segment_us(lines) / 1e6) <= target for lines in segments_in(text))


def test_every_segment_says_the_wall_time_of_its_first_picture():
    producer = Producer()
    producer.segments(3)
    producer.reconnect(outage_ms=5250)
    producer.segment((18_000,) * 2)

    text = text_of(window_of(producer.told))

    assert START_MS % 1000 == 0
    times = [line[len("#EXT-X-PROGRAM-DATE-TIME:") :] for line in lines_with(text, "#EXT-X-PROG")]
    assert times == [
        "2026-11-18T11:06:40.000Z",
        "2026-11-18T11:06:41.000Z",
        "2026-11-18T11:06:42.000Z",
        "2026-11-18T11:06:48.250Z",
    ]


def test_there_is_one_wall_time_for_each_segment_and_it_never_goes_back(texts):
    for text in texts:
        times = lines_with(text, "#EXT-X-PROGRAM-DATE-TIME:")
        assert len(times) == len(segments_in(text))
        assert times == sorted(times)


def test_the_first_listed_segment_and_every_change_of_init_have_a_map():
    producer = Producer()
    producer.segments(2)
    producer.reconnect(init_id=OTHER_INIT)
    producer.segments(2)

    maps = [
        lines_with("\n".join(each), "#EXT-X-MAP") for each in segments_in(text_told_by(producer))
    ]

    assert maps == [
        [f'#EXT-X-MAP:URI="init-{INIT}.mp4"'],
        [],
        [f'#EXT-X-MAP:URI="init-{OTHER_INIT}.mp4"'],
        [],
    ]


def test_a_new_init_has_a_map_even_where_no_discontinuity_was_said():
    producer = Producer()
    producer.segment()
    producer.init_id = OTHER_INIT
    producer.segment()

    assert len(lines_with(text_told_by(producer), "#EXT-X-MAP:")) == 2


def test_every_map_names_an_init_segment_that_is_there(told):
    window = LiveWindow()
    for part, payload in told:
        window.add(part, payload)
        for line in lines_with(text_of(window), "#EXT-X-MAP:"):
            init_id = attributes(line)["URI"].removeprefix("init-").removesuffix(".mp4")
            assert window.init(init_id)


def test_a_broken_timeline_is_a_discontinuity_and_only_that():
    producer = Producer()
    producer.segments(2)
    producer.reconnect()
    producer.segments(2)

    breaks = ["#EXT-X-DISCONTINUITY" in lines for lines in segments_in(text_told_by(producer))]

    assert breaks == [False, False, True, False]


def test_a_timeline_that_broke_twice_at_once_keeps_discontinuity_numbers_by_two_tags():
    producer = Producer()
    producer.segment()
    producer.discontinuity += 1
    producer.reconnect()
    producer.segment()

    assert segments_in(text_told_by(producer))[1].count("#EXT-X-DISCONTINUITY") == 2


# Sequence and window


def test_media_and_discontinuity_sequence_are_always_there_and_never_decrease(texts):
    for tag in ("#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY-SEQUENCE:"):
        values = [number(text, tag) for text in texts]
        assert values == sorted(values)


def test_a_segment_keeps_its_numbers_for_as_long_as_it_is_listed(told, texts):
    discontinuities = {part.msn: part.discontinuity for part, _ in told}
    for text in texts:
        discontinuity = number(text, "#EXT-X-DISCONTINUITY-SEQUENCE:")
        for msn, lines in enumerate(segments_in(text), number(text, "#EXT-X-MEDIA-SEQUENCE:")):
            discontinuity += lines.count("#EXT-X-DISCONTINUITY")
            assert discontinuity == discontinuities[msn]
            uris = [line for line in lines if not line.startswith("#")]
            assert uris in ([f"{msn}.m4s"], [])


def test_the_window_is_never_shorter_than_three_target_durations_once_it_slides(texts):
    first = number(texts[0], "#EXT-X-MEDIA-SEQUENCE:")
    sliding = [text for text in texts if number(text, "#EXT-X-MEDIA-SEQUENCE:") > first]
    for text in sliding:
        complete = [lines for lines in segments_in(text) if not lines[-1].startswith("#")]
        target = number(text, "#EXT-X-TARGETDURATION:")
        assert sum(map(segment_us, complete)) >= 3 * target * 1_000_000


def test_the_window_has_six_segments_once_it_slides_unless_they_are_longer_than_24_seconds():
    producer = Producer(target_seconds=5)
    for _ in range(12):
        producer.segment((18_000,) * 25)
    long_ones = playlist_of(producer.told)
    short_ones = playlist_of(Producer().segments(12))

    assert len(short_ones.segments) == 6
    assert len(long_ones.segments) == 5


def test_a_target_of_ten_seconds_lists_thirty():
    producer = Producer(target_seconds=10)
    for _ in range(6):
        producer.segment((18_000,) * 50)

    assert len(playlist_of(producer.told).segments) == 3


def test_nothing_is_listed_from_before_the_segment_that_the_recorder_names():
    producer = Producer()
    producer.segments(6)
    producer.first_msn = producer.msn
    producer.reconnect()
    producer.segments(2)

    playlist = playlist_of(producer.told)

    assert playlist.media_sequence == producer.first_msn
    assert playlist.discontinuity_sequence == 1


def test_segments_from_before_an_outage_stay_listed_with_contiguous_numbers():
    producer = Producer()
    producer.segments(6)
    producer.take_over()
    producer.segment()

    playlist = playlist_of(producer.told)

    assert playlist.media_sequence == 11
    assert [each.uri for each in playlist.segments] == [f"{msn}.m4s" for msn in range(11, 17)]
    assert [each.discontinuity for each in playlist.segments] == [False] * 5 + [True]


def test_part_tags_end_three_target_durations_from_the_end(texts):
    for text in texts:
        limit_us = 3_000_000 * number(text, "#EXT-X-TARGETDURATION:")
        segments = segments_in(text)
        for at, lines in enumerate(segments[:-1]):
            to_end_us = sum(map(segment_us, segments[at:]))
            assert bool(parts_in(lines)) == (to_end_us <= limit_us)


def test_parts_of_a_segment_are_listed_all_or_none(told, texts):
    counts: dict[int, int] = {}
    for part, _ in told:
        counts[part.msn] = part.part + 1
    for text in texts:
        segments = segments_in(text)[:-1]
        for msn, lines in enumerate(segments, number(text, "#EXT-X-MEDIA-SEQUENCE:")):
            assert len(parts_in(lines)) in {0, counts[msn]}


# Preload hint


def test_the_one_hint_is_the_last_line_and_the_address_of_the_part_that_comes_next(told):
    addresses = [f"{part.msn}.{part.part}.m4s" for part, _ in told]
    abandoned = {
        f"{before.msn}.{before.part + 1}.m4s": f"{after.msn}.0.m4s"
        for (before, _), (after, _) in pairwise(told)
        if after.msn > before.msn and not before.is_last  # its recorder died
    }

    for playlist, comes in zip(playlists_of(told[:-1]), addresses[1:], strict=True):
        hint = attributes(only(playlist, "#EXT-X-PRELOAD-HINT:"))
        assert hint["TYPE"] == "PART"
        assert playlist.splitlines()[-1].startswith("#EXT-X-PRELOAD-HINT:")
        assert abandoned.get(hint["URI"], hint["URI"]) == comes


def test_the_hint_behind_a_complete_segment_is_part_0_of_the_next():
    assert 'URI="11.0.m4s"' in only(text_of(window_of(Producer().segment())), "#EXT-X-PRELOAD-HINT")


# Addresses


def test_addresses_are_plain_names_beside_the_playlist_with_nothing_reserved_in_them(texts):
    for text in texts:
        names = re.findall(r'URI="([^"]*)"', text)
        names += [line for line in text.splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"[0-9a-z.-]+\.(m4s|mp4)", name) for name in names)
        assert "_HLS_" not in text


def test_every_address_is_turned_by_the_callers_function():
    window = window_of(eventful())

    marked = render_media(window, uri=lambda name: f"{name}?token=abc")

    assert marked.replace("?token=abc", "") == text_of(window)
    addresses = [line for line in marked.splitlines() if not line.startswith("#") or "URI=" in line]
    assert all(line.count("?token=abc") == 1 for line in addresses)


def test_bytes_behind_an_address_never_change(told):
    window = LiveWindow()
    served: dict[str, bytes] = {}
    for part, payload in told:
        window.add(part, payload)
        for segment in window.listed():
            chunks = window.segment(segment.msn)
            if chunks is not None:
                whole = b"".join(chunks)
                assert served.setdefault(f"{segment.msn}", whole) == whole
            for held in segment.parts:
                assert served.setdefault(f"{held.position}", held.data) == held.data


def test_another_parser_reads_the_same_segments_and_parts(texts):
    for text in texts[:: len(texts) // 20 + 1]:
        playlist = m3u8.loads(text)
        complete = [lines for lines in segments_in(text) if not lines[-1].startswith("#")]
        assert [each.uri for each in playlist.segments if each.uri] == [
            each[-1] for each in complete
        ]
        parts = [part.uri for segment in playlist.segments for part in segment.parts]
        assert parts == [part["URI"] for part in parts_in(text.splitlines())]
