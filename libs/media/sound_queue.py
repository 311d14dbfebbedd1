"""Audio that waits for the video it belongs to (sans-I/O)."""

from collections import deque
from typing import NamedTuple

from libs.media.moof import Samples
from libs.media.packets import VIDEO_TIMESCALE, AudioTrack, Packet
from libs.media.timeline import SESSION_START_SECONDS, ArrivalEstimate, TrackClock

AUDIO_TRACK_ID = 2
WAIT_90K = VIDEO_TIMESCALE  # longest that a finished part waits for its audio
_MOST_QUEUED = 4096
_AAC_FRAME = 1024


class _Sound(NamedTuple):
    at_90k: int  # rounded down, so that `at_90k < end` is exact
    decode_time: int
    data: bytes


class SoundQueue:
    """AAC frames on the session timeline, handed out by stretches of video."""

    def __init__(self, track: AudioTrack, video: TrackClock, arrivals: ArrivalEstimate) -> None:
        self.dropped = 0  # came after the keyframe that they precede, or too many at once
        self.skipped = 0  # before the first keyframe
        self.clock = TrackClock(track.time_base, track.sample_rate, _AAC_FRAME, arrivals)
        self._video = video
        self._rate = track.sample_rate
        self._early: deque[Packet] = deque(maxlen=_MOST_QUEUED)
        self._is_started = False
        self._has_origin = False
        self._sounds: deque[_Sound] = deque()
        self._newest = SESSION_START_SECONDS * VIDEO_TIMESCALE
        self._end: int | None = None  # where the last run handed out said that it ends

    def start(self) -> None:
        """The video has its place on the timeline now; what came before can have its own."""
        self._is_started = True
        early, self._early = self._early, deque(maxlen=_MOST_QUEUED)
        for packet in early:
            self.push(packet)

    def push(self, packet: Packet) -> None:
        if not self._is_started:
            self.skipped += len(self._early) == _MOST_QUEUED
            self._early.append(packet)
            return
        ticks = packet.pts if packet.dts is None else packet.dts
        if not self._has_origin:
            self.clock.start_beside(self._video, ticks, packet.arrived_monotonic)
            self._video.peer = self.clock
            self._has_origin = True
        at = self.clock.place(ticks, packet.arrived_monotonic)
        if at < SESSION_START_SECONDS * self._rate:
            self.skipped += 1
            return
        self._newest = at * VIDEO_TIMESCALE // self._rate
        self._sounds.append(_Sound(self._newest, at, packet.data))
        if len(self._sounds) > _MOST_QUEUED:
            self._sounds.popleft()
            self.dropped += 1

    def is_complete(self, end: int, newest_video: int) -> bool:
        """Whether the audio up to `end` is here, or not worth waiting for. Times in 1/90000 s."""
        return (
            self._newest >= end
            or newest_video - end >= WAIT_90K
            or newest_video - self._newest > WAIT_90K  # absent, until it is back
        )

    def take(self, gop_start: int, end: int) -> tuple[Samples, list[bytes]] | None:
        """Audio of this GOP before `end`, late audio included. Times in 1/90000 s.

        What precedes the GOP is dropped: the recording that it belongs to may be closed.
        """
        sounds = self._sounds
        while sounds and sounds[0].at_90k < gop_start:
            sounds.popleft()
            self.dropped += 1
        times = []
        data = []
        while sounds and sounds[0].at_90k < end:
            sound = sounds.popleft()
            times.append(sound.decode_time)
            data.append(sound.data)
        if not times:
            return None
        usual = self.clock.nominal
        if self._end is not None and abs(times[0] - self._end) < usual:
            times[0] = self._end  # the run before ended on a guess; stay seamless
        following = sounds[0].decode_time if sounds else times[-1] + usual
        if following - times[-1] > self._rate:
            following = times[-1] + usual  # a hole, not a long sound
        durations = [after - at for at, after in zip(times, [*times[1:], following], strict=True)]
        if min(durations) <= 0:
            durations = [max(1, duration) for duration in durations]
        self._end = times[0] + sum(durations)
        samples = Samples(
            track_id=AUDIO_TRACK_ID,
            base_decode_time=times[0],
            durations=durations,
            sizes=[len(each) for each in data],
            composition_offsets=None,
            first_is_sync=True,
            others_are_sync=True,
        )
        return samples, data

    def drop_rest(self) -> None:
        """End of the session: what no part can take any more is counted."""
        self.dropped += len(self._sounds)
        self.skipped += len(self._early)
        self._sounds.clear()
        self._early.clear()
