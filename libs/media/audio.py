"""A camera's sound as AAC: passed on as it is, or G.711 and G.726 made into it.

Browsers play neither in MP4. 16 kHz doubles what the camera sampled, so nothing is lost, and costs
a third of 48 kHz.
"""

from fractions import Fraction
from typing import Protocol

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from libs.media.packets import AudioTrack, Packet, TrackKind

AAC_RATE = 16_000
AAC_FRAME_SAMPLES = 1024
AAC_BIT_RATE = 32_000

_TIME_BASE = Fraction(1, AAC_RATE)
_BYTES_PER_SAMPLE = 4  # fltp
_MAX_HELD_PACKETS = 100
_DECODERS = {
    "pcm_alaw": "pcm_alaw",
    "pcm_mulaw": "pcm_mulaw",
    "adpcm_g726": "g726",
    "adpcm_g726le": "g726le",
}


class AudioPipeline(Protocol):
    """Turns a camera's audio packets into those of `output`, in order, by one thread."""

    failed_packets: int
    """How many could not be decoded; each leaves a gap."""

    @property
    def output(self) -> AudioTrack:
        """What comes out: always AAC, with its AudioSpecificConfig as extradata."""

    def push(self, packet: Packet) -> list[Packet]:
        """Take the next packet; return what is ready, which may be nothing."""

    def flush(self) -> list[Packet]:
        """Return what is left; nothing may be pushed afterwards."""


def make_audio_pipeline(track: AudioTrack) -> AudioPipeline:
    """Choose by codec; raises ValueError for one that RtspSource would have dropped."""
    if track.codec == "aac":
        return AacPassthrough(track)
    return AacTranscoder(track)


class AacPassthrough:
    """AAC stays what it is."""

    def __init__(self, track: AudioTrack) -> None:
        self.failed_packets = 0
        self.output = track

    def push(self, packet: Packet) -> list[Packet]:
        return [packet]

    def flush(self) -> list[Packet]:
        return []


class AacTranscoder:
    """Decodes, resamples and encodes; output times follow the camera's within one AAC frame.

    Where the input's time leaves the count of its samples by more than a frame (packets lost,
    sound muted, clock set), the frame begun is filled with silence and the next one starts at the
    input's time.
    """

    def __init__(self, track: AudioTrack) -> None:
        self.failed_packets = 0
        self._input = track
        self._decoder = _make_decoder(track)
        self._encoder = _make_encoder()
        self._resampler = _make_resampler()
        self._ticks_per_input = track.time_base * AAC_RATE
        self._ticks_per_sample = Fraction(AAC_RATE, track.sample_rate)
        self._arrived = 0.0
        # since the last anchor
        self._anchor: int | None = None  # output time of its first sample
        self._samples_in = 0
        self._frames_out = 0
        self._held: list[Packet] = []  # before the first timestamp; drops the oldest
        self.output = AudioTrack(
            codec="aac",
            time_base=_TIME_BASE,
            sample_rate=AAC_RATE,
            channels=1,
            extradata=self._encoder.extradata or b"",
        )

    def push(self, packet: Packet) -> list[Packet]:
        self._arrived = packet.arrived_monotonic
        if self._anchor is None and packet.pts is None:
            self._held = [*self._held[1 - _MAX_HELD_PACKETS :], packet]
            return []
        ready: list[AudioFrame] = []
        if packet.pts is not None:
            ready += self._follow(round(packet.pts * self._ticks_per_input))
        for frame in self._decode(packet):
            ready += self._resample(frame)
        return self._encode(ready, self._arrived)

    def flush(self) -> list[Packet]:
        packets = self._encode(self._complete_frame(), self._arrived)
        return packets + [_as_packet(p, self._arrived) for p in self._encoder.encode(None)]

    def _follow(self, time: int) -> list[AudioFrame]:
        """Anchor at the first timestamp, and again where the input leaves the expected time."""
        if self._anchor is None:
            return self._start(time)
        expected = self._anchor + round(self._samples_in * self._ticks_per_sample)
        if abs(time - expected) <= AAC_FRAME_SAMPLES:
            return []
        completed = self._complete_frame()
        self._restart(time)
        return completed

    def _start(self, time: int) -> list[AudioFrame]:
        held = [frame for packet in self._held for frame in self._decode(packet)]
        self._held.clear()
        samples = sum(frame.samples for frame in held)
        self._restart(time - round(samples * self._ticks_per_sample))
        return [out for frame in held for out in self._resample(frame)]

    def _restart(self, anchor: int) -> None:
        self._resampler = _make_resampler()
        self._anchor = anchor
        self._samples_in = self._frames_out = 0

    def _decode(self, packet: Packet) -> list[AudioFrame]:
        try:
            return self._decoder.decode(av.Packet(packet.data))
        except av.error.FFmpegError:
            self.failed_packets += 1
            return []

    def _resample(self, frame: AudioFrame) -> list[AudioFrame]:
        frame.pts = self._samples_in
        frame.time_base = Fraction(1, self._input.sample_rate)
        self._samples_in += frame.samples
        return [self._stamp(out) for out in self._resampler.resample(frame)]

    def _complete_frame(self) -> list[AudioFrame]:
        if not self._samples_in:
            return []
        return [self._stamp(_padded(frame)) for frame in self._resampler.resample(None)]

    def _stamp(self, frame: AudioFrame) -> AudioFrame:
        assert self._anchor is not None, "nothing is resampled before the first timestamp"
        frame.pts = self._anchor + self._frames_out * AAC_FRAME_SAMPLES
        frame.time_base = _TIME_BASE
        self._frames_out += 1
        return frame

    def _encode(self, frames: list[AudioFrame], arrived: float) -> list[Packet]:
        return [_as_packet(p, arrived) for frame in frames for p in self._encoder.encode(frame)]


def _make_decoder(track: AudioTrack) -> AudioCodecContext:
    if track.codec not in _DECODERS:
        raise ValueError(f"{track.codec} audio cannot be made into AAC")
    decoder = av.CodecContext.create(_DECODERS[track.codec], "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = track.sample_rate
    decoder.layout = "mono" if track.channels == 1 else "stereo"
    if track.codec.startswith("adpcm_g726"):
        decoder.options = {"bits_per_coded_sample": str(track.extradata[0])}
    decoder.open()
    return decoder


def _make_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = AAC_RATE
    encoder.layout = "mono"
    encoder.format = "fltp"
    encoder.bit_rate = AAC_BIT_RATE
    encoder.time_base = _TIME_BASE
    encoder.options = {"aac_coder": "fast"}  # half the work of the default, enough for telephony
    encoder.open()
    return encoder


def _make_resampler() -> AudioResampler:
    return AudioResampler("fltp", "mono", AAC_RATE, frame_size=AAC_FRAME_SAMPLES)


def _padded(frame: AudioFrame) -> AudioFrame:
    """Return the frame filled up with silence: the encoder takes a short one only at the end."""
    if frame.samples == AAC_FRAME_SAMPLES:
        return frame
    full = AudioFrame("fltp", "mono", AAC_FRAME_SAMPLES)
    full.sample_rate = AAC_RATE
    sound = bytes(frame.planes[0])[: frame.samples * _BYTES_PER_SAMPLE]
    full.planes[0].update(sound.ljust(full.planes[0].buffer_size, b"\0"))
    return full


def _as_packet(packet: "av.Packet[AudioStream]", arrived: float) -> Packet:
    """Wrap what the encoder made; it has put its own delay, one frame, into the time already."""
    return Packet(
        track=TrackKind.AUDIO,
        data=bytes(packet),
        pts=packet.pts,
        dts=packet.pts,
        is_key=True,
        arrived_monotonic=arrived,
    )
