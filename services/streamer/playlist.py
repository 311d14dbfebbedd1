"""LL-HLS playlists of a live window. No I/O: RFC 8216bis draft 22.

Constants are declared, never measured: Apple's players stop when one changes. What is left out:

- EXT-X-INDEPENDENT-SEGMENTS. A long GOP is cut into segments without a keyframe, which nobody
  knows beforehand, and the tag must not come and go. Parts say INDEPENDENT=YES one by one.
- Delta updates: they save nothing on so short a playlist, and players differ about them.
- EXT-X-PLAYLIST-TYPE and EXT-X-ENDLIST: it slides, and it never ends.
- Rendition reports: there is one rendition in a master playlist.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from libs.contracts.live import LivePart
from libs.contracts.times import isoformat_z
from libs.media.packets import VIDEO_TIMESCALE
from services.streamer.window import HeldPart, LiveWindow, Segment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BANDWIDTH_STEP = 500_000

Uri = Callable[[str], str]
"""Turns the name of a file beside the playlist into what stands in the playlist."""


def init_name(init_id: str) -> str:
    """Name of an init segment."""
    return f"init-{init_id}.mp4"


def segment_name(msn: int) -> str:
    """Name of a segment."""
    return f"{msn}.m4s"


def part_name(msn: int, part: int) -> str:
    """Name of a part."""
    return f"{msn}.{part}.m4s"


def render_media(window: LiveWindow, *, uri: Uri) -> str:
    """The media playlist. The window must list something: see `reload.decide`."""
    newest, hint, segments = window.newest, window.next_position, window.listed()
    assert newest is not None
    assert hint is not None
    with_parts_90k = 3 * newest.target_seconds * VIDEO_TIMESCALE
    to_end_90k = sum(segment.duration_90k for segment in segments)
    lines = _head(newest, segments[0].first)
    before: LivePart | None = None
    for segment in segments:
        lines += _opening(segment.first, before, uri)
        # all of a segment's parts or none: players count them from the segment's start
        if to_end_90k <= with_parts_90k or segment is segments[-1]:
            lines += [_part(held, uri) for held in segment.parts]
        if segment.is_complete:
            lines += [f"#EXTINF:{_seconds(_segment_us(segment))},", uri(segment_name(segment.msn))]
        to_end_90k -= segment.duration_90k
        before = segment.first
    lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{uri(part_name(*hint))}"')
    return "\n".join(lines) + "\n"


def render_master(part: LivePart, *, bandwidth: int, media_uri: str) -> str:
    """The master playlist with one rendition. `bandwidth`: bits per second."""
    attributes = [f"BANDWIDTH={bandwidth}", f'CODECS="{part.codecs}"']
    if part.width and part.height:
        attributes.append(f"RESOLUTION={part.width}x{part.height}")
    if part.fps:
        attributes.append(f"FRAME-RATE={part.fps:.3f}")
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-STREAM-INF:{','.join(attributes)}", media_uri]
    return "\n".join(lines) + "\n"


def bandwidth(window: LiveWindow) -> int:
    """The highest bit rate of a listed segment in bits per second, rounded up to 500 kbit/s."""
    segments = [each for each in window.listed() if each.is_complete] or window.listed()
    rates = [each.bytes * 8 * VIDEO_TIMESCALE // each.duration_90k for each in segments]
    return (max(rates, default=0) // _BANDWIDTH_STEP + 1) * _BANDWIDTH_STEP


def _head(newest: LivePart, first: LivePart) -> list[str]:
    target_s, part_ms = newest.target_seconds, newest.part_target_ms
    hold_back = f"PART-HOLD-BACK={3 * part_ms / 1000:.3f},HOLD-BACK={3 * target_s:.3f}"
    return [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{target_s}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,{hold_back}",
        f"#EXT-X-PART-INF:PART-TARGET={part_ms / 1000:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{first.msn}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{first.discontinuity}",
    ]


def _opening(first: LivePart, before: LivePart | None, uri: Uri) -> list[str]:
    """Tags of a segment that must stand before its first part (4.4.4.9)."""
    breaks = 0 if before is None else first.discontinuity - before.discontinuity
    # players count the tags: a break without any segment needs one too
    lines = ["#EXT-X-DISCONTINUITY"] * breaks
    if before is None or breaks or first.init_id != before.init_id:
        lines.append(f'#EXT-X-MAP:URI="{uri(init_name(first.init_id))}"')
    moment = _EPOCH + timedelta(milliseconds=first.start_ms)
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{isoformat_z(moment)}")
    return lines


def _part(held: HeldPart, uri: Uri) -> str:
    name = uri(part_name(*held.position))
    independent = ",INDEPENDENT=YES" if held.part.is_independent else ""
    return f'#EXT-X-PART:DURATION={_seconds(_part_us(held.part))},URI="{name}"{independent}'


def _part_us(part: LivePart) -> int:
    """Microseconds between the rounded ends of a part, so that no sum ever drifts."""
    return _microseconds(part.start_90k + part.duration_90k) - _microseconds(part.start_90k)


def _segment_us(segment: Segment) -> int:
    return sum(_part_us(held.part) for held in segment.parts)


def _microseconds(time_90k: int) -> int:
    return time_90k * 100 // 9


def _seconds(microseconds: int) -> str:
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"
