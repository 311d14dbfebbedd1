"""Numbers a rendition's parts for live viewers (no I/O). RFC 8216bis, sections 4.4.3 and 6.2.1.

All numbers are given here, once, so that every streamer serves the same playlist: media sequence
number, part, discontinuity, and the durations that must never change under an address.
"""

import math
import secrets
from dataclasses import dataclass

from libs.contracts.ids import CameraId, Site
from libs.contracts.live import LivePart, LiveState, Rendition
from libs.contracts.times import from_unix_seconds
from libs.media.packets import VIDEO_TIMESCALE
from services.recorder.live_buffer import BufferedPart

SHORTEST_SEGMENT_90K = VIDEO_TIMESCALE
"""A camera with a keyframe in every second still gets segments of this length."""
USUAL_TARGET_SECONDS = 4
"""Declared where the distance of keyframes is not known yet; longer GOPs are cut in between."""
SHORTEST_TARGET_SECONDS, LONGEST_TARGET_SECONDS = 3, 8
FORGOTTEN_SECONDS = 30.0
"""What was sent longer ago is not listed beside what comes now."""
MOST_OVERLONG = 5
"""So many parts in a row beyond the declared target mean that it was declared wrongly."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What is numbered."""

    camera_id: CameraId
    site: Site
    rendition: Rendition
    epoch: int


class LiveNumbering:
    """Goes on from what was sent before, or begins a `live_id` of its own."""

    def __init__(self, stream: Stream, before: LiveState | None) -> None:
        self._stream = stream
        self._state = before
        self._last_end = before.started_at.timestamp() if before else 0.0
        self._is_running = False
        self._has_ended = False
        self._segment_90k = 0
        self._next_part = 0
        self._overlong = 0

    @property
    def state(self) -> LiveState | None:
        """What a later owner goes on from; None before anything was numbered."""
        return self._state

    def go_on_from(self, last: LivePart) -> None:
        """Somebody sent this: what comes now follows it, after a break."""
        self._state = state_of(last)
        self._last_end = last.start_ms / 1000 + last.duration_90k / VIDEO_TIMESCALE
        self._is_running = False

    def interrupt(self) -> None:
        """The part numbered last was not sent: what comes now follows a break."""
        self._is_running = False

    def place(
        self,
        item: BufferedPart,
        *,
        is_hole: bool,
        longest_gop: float | None,
        published_ms: int,
    ) -> LivePart | None:
        """Number the next part; None for one that no viewer can begin with.

        `is_hole`: parts between this and the one before were not sent. `longest_gop` in seconds.
        """
        part = item.part
        is_broken = is_hole or part.starts_after is not None or not self._is_running
        self._is_running = part.is_keyframe_start or not is_broken
        if not self._is_running:
            return None
        self._note_length(item)
        if self._state is None or (
            part.is_keyframe_start and self._is_misdeclared(item, is_broken=is_broken)
        ):
            self._renew(item, longest_gop)
        elif is_broken or self._must_cut(item):
            self._go_on(self._state, item, is_broken=is_broken)
        return self._number(item, published_ms)

    def _note_length(self, item: BufferedPart) -> None:
        is_overlong = self._state and _part_ms(item) > self._state.part_target_ms
        self._overlong = self._overlong + 1 if is_overlong else 0

    def _is_misdeclared(self, item: BufferedPart, *, is_broken: bool) -> bool:
        """Whether what was declared does not hold for what comes now."""
        assert self._state is not None
        if self._overlong >= MOST_OVERLONG:
            return True
        wanted = _target_ms(item)
        # a target that was raised for slow pictures stays while nothing breaks
        return wanted > self._state.part_target_ms or (
            is_broken and wanted != self._state.part_target_ms
        )

    def _must_cut(self, item: BufferedPart) -> bool:
        if self._has_ended:
            return True
        assert self._state is not None
        if item.part.is_keyframe_start and self._segment_90k >= SHORTEST_SEGMENT_90K:
            return True
        longest = self._state.target_seconds * VIDEO_TIMESCALE
        return self._segment_90k + item.part.duration_90k > longest

    def _renew(self, item: BufferedPart, longest_gop: float | None) -> None:
        """Begin a new `live_id`; players load the master playlist again."""
        target = USUAL_TARGET_SECONDS if longest_gop is None else math.ceil(longest_gop) + 1
        part_target_ms = _target_ms(item)
        if self._overlong >= MOST_OVERLONG:
            part_target_ms = max(part_target_ms, _part_ms(item) * 6 // 5)
        self._overlong = 0
        msn = self._state.msn + 1 if self._state else 0
        self._begin(
            LiveState(
                camera_id=self._stream.camera_id,
                site=self._stream.site,
                rendition=self._stream.rendition,
                live_id=secrets.token_hex(4),
                msn=msn,
                discontinuity=0,
                first_msn=msn,
                part_target_ms=part_target_ms,
                target_seconds=min(max(target, SHORTEST_TARGET_SECONDS), LONGEST_TARGET_SECONDS),
                started_at=from_unix_seconds(item.start_unix),
            )
        )

    def _go_on(self, before: LiveState, item: BufferedPart, *, is_broken: bool) -> None:
        msn = before.msn + 1
        is_long_ago = item.start_unix - self._last_end > FORGOTTEN_SECONDS
        self._begin(
            before.model_copy(
                update={
                    "msn": msn,
                    "discontinuity": before.discontinuity + is_broken,
                    "first_msn": msn if is_long_ago else before.first_msn,
                    "started_at": from_unix_seconds(item.start_unix),
                }
            )
        )

    def _begin(self, state: LiveState) -> None:
        self._state = state
        self._segment_90k = 0
        self._next_part = 0

    def _number(self, item: BufferedPart, published_ms: int) -> LivePart:
        state, part, init = self._state, item.part, item.part.init
        assert state is not None
        index = self._next_part
        self._next_part += 1
        self._segment_90k += part.duration_90k
        self._has_ended = self._is_last(item, state)
        self._last_end = item.end_unix
        return LivePart(
            camera_id=state.camera_id,
            site=state.site,
            rendition=state.rendition,
            live_id=state.live_id,
            epoch=self._stream.epoch,
            msn=state.msn,
            part=index,
            discontinuity=state.discontinuity,
            first_msn=state.first_msn,
            init_id=init.sha256[:16],
            init_bytes=0 if index else len(init.data),
            is_independent=part.is_keyframe_start,
            is_last=self._has_ended,
            start_ms=round(item.start_unix * 1000),
            start_90k=part.start_90k,
            duration_90k=part.duration_90k,
            published_ms=published_ms,
            part_target_ms=state.part_target_ms,
            target_seconds=state.target_seconds,
            codecs=",".join(filter(None, (init.video_codec, init.audio_codec))),
            width=init.width,
            height=init.height,
            fps=init.fps,
        )

    def _is_last(self, item: BufferedPart, state: LiveState) -> bool:
        if item.part.ends_gop and self._segment_90k >= SHORTEST_SEGMENT_90K:
            return True
        room = state.target_seconds * VIDEO_TIMESCALE - self._segment_90k
        return room < state.part_target_ms * 90


def state_of(last: LivePart) -> LiveState:
    """Return the numbering after a part."""
    return LiveState(
        camera_id=last.camera_id,
        site=last.site,
        rendition=last.rendition,
        live_id=last.live_id,
        msn=last.msn,
        discontinuity=last.discontinuity,
        first_msn=last.first_msn,
        part_target_ms=last.part_target_ms,
        target_seconds=last.target_seconds,
        started_at=from_unix_seconds(last.start_ms / 1000),
    )


def _part_ms(item: BufferedPart) -> int:
    return item.part.duration_90k // 90


def _target_ms(item: BufferedPart) -> int:
    return math.ceil(item.part_target * 1000)
