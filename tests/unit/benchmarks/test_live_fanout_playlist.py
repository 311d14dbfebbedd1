"""What the load generator reads from playlists and answers."""

from datetime import UTC, datetime

import pytest

from benchmarks.live_fanout_http import content_length
from benchmarks.live_fanout_playlist import (
    UnreadablePlaylist,
    init_uri,
    media_uri,
    read_edge,
)

MEDIA = """\
#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:5
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.600,HOLD-BACK=15.000
#EXT-X-PART-INF:PART-TARGET=0.200
#EXT-X-MEDIA-SEQUENCE:40
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="init-0123456789abcdef.mp4?token=me"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:00.000Z
#EXT-X-PART:DURATION=0.200000,URI="40.0.m4s?token=me",INDEPENDENT=YES
#EXTINF:0.200000,
40.m4s?token=me
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:02.000Z
#EXT-X-PART:DURATION=0.200000,URI="41.0.m4s?token=me",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.160000,URI="41.1.m4s?token=me"
#EXTINF:0.360000,
41.m4s?token=me
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:02.360Z
#EXT-X-PART:DURATION=0.200000,URI="42.0.m4s?token=me",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="42.1.m4s?token=me"
"""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


def test_a_parts_end_is_its_segments_date_and_the_durations_up_to_it():
    edge = read_edge(MEDIA)

    ends = {part.position: part.end - NOON for part in edge.parts}
    assert ends == pytest.approx({(41, 0): 2.2, (41, 1): 2.36, (42, 0): 2.56})


def test_only_the_last_two_segments_are_read():
    edge = read_edge(MEDIA)

    assert [part.uri for part in edge.parts] == [
        f"{name}.m4s?token=me" for name in ("41.0", "41.1", "42.0")
    ]


def test_the_very_next_part_is_asked_for():
    assert read_edge(MEDIA).following == (42, 1)


def test_after_a_complete_segment_the_next_one_is_asked_for():
    complete = MEDIA.partition("#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:02.360Z")[0]
    complete += '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="42.0.m4s"\n'

    edge = read_edge(complete)

    assert edge.following == (42, 0)
    assert [part.position for part in edge.parts] == [(40, 0), (41, 0), (41, 1)]


def test_a_playlist_of_one_segment_is_read():
    head, _, _ = MEDIA.partition("#EXTINF")

    edge = read_edge(head + '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="40.1.m4s"\n')

    assert [part.position for part in edge.parts] == [(40, 0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#EXTM3U\n",
        MEDIA.replace("#EXT-X-PRELOAD-HINT", "#EXT-X-OTHER"),
        '#EXT-X-PART:DURATION=0.2,URI="1.0.m4s"\n#EXT-X-PRELOAD-HINT:URI="1.1.m4s"\n',
    ],
)
def test_what_is_no_low_latency_playlist_is_refused(text: str):
    with pytest.raises(UnreadablePlaylist):
        read_edge(text)


def test_the_init_segment_and_the_rendition_keep_their_tokens():
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmain/1f/media.m3u8?token=me\n"

    assert init_uri(MEDIA) == "init-0123456789abcdef.mp4?token=me"
    assert media_uri(master) == "main/1f/media.m3u8?token=me"


def test_a_master_playlist_without_rendition_is_refused():
    with pytest.raises(UnreadablePlaylist):
        media_uri("#EXTM3U\n")


def test_the_length_of_an_answer_is_found_whatever_its_case():
    assert content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\nX: y") == 42
    assert content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 7") == 7
    assert content_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked") == -1
