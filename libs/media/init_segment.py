"""Init segments: ftyp + moov for one set of parameters, written by libavformat's mp4 muxer."""

import hashlib
import io
import struct

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from libs.media import boxes, nal
from libs.media.codec_strings import audio_codec_string, video_codec_string
from libs.media.length_boxes import MEHD_BYTES
from libs.media.packets import VIDEO_TIMESCALE, AudioTrack, InitSegment, VideoTrack

_RAW_FORMATS = {"h264": "h264", "hevc": "hevc", "mpeg4": "m4v"}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}


class ParameterSetsMissingError(ValueError):
    """No init segment can be made: neither the keyframe nor the camera's description has them."""


def build_init(video: VideoTrack, audio: AudioTrack | None, keyframe: bytes | None) -> InitSegment:
    """Make the init segment of a stream whose audio, if any, is AAC already.

    Parameter sets come from `keyframe` (Annex B) and, for kinds it lacks, from the extradata.
    Raises ParameterSetsMissingError, or av.error.FFmpegError for parameters that cannot be read.
    """
    known = nal.parameter_sets(video.codec, video.extradata)
    seen = nal.parameter_sets(video.codec, keyframe or b"")
    sets = nal.merge_parameter_sets(video.codec, known, seen)
    if not sets:
        raise ParameterSetsMissingError(f"{video.codec} stream without parameter sets")
    header = nal.to_annex_b(video.codec, sets)
    # One raw frame is enough for libavformat to fill in what the sample entry needs.
    sample = io.BytesIO(header + (keyframe or b""))
    with av.open(sample, format=_RAW_FORMATS[video.codec], options=_PROBE) as source:
        template = source.streams.video[0]
        width = template.codec_context.width or video.width
        height = template.codec_context.height or video.height
        data = _reserve_length(_write_header(template, header, (width, height), audio))
    return InitSegment(
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        video_codec=video_codec_string(data),
        audio_codec=audio_codec_string(data) if audio else None,
        width=width,
        height=height,
        fps=video.fps,
        audio_timescale=audio.sample_rate if audio else None,
    )


_PROBE = {"probesize": str(1 << 24), "analyzeduration": "0"}


def _write_header(
    video: VideoStream, parameters: bytes, size: tuple[int, int], audio: AudioTrack | None
) -> bytes:
    sink = io.BytesIO()
    with av.open(
        sink,
        "w",
        format="mp4",
        options={
            "movflags": "empty_moov+default_base_moof+cmaf",
            "video_track_timescale": str(VIDEO_TIMESCALE),
            "fflags": "+bitexact",  # the same parameters give the same bytes in later versions too
        },
    ) as output:
        stream = output.add_stream_from_template(video)
        stream.codec_context.extradata = parameters
        stream.codec_context.width, stream.codec_context.height = size
        if video.codec_context.name == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        if audio is not None:
            _add_audio(output, audio)
        output.start_encoding()
        # what closing adds behind moov (an mfra box) is not wanted
        return sink.getvalue()


def _add_audio(output: av.container.OutputContainer, audio: AudioTrack) -> None:
    """Add an AAC stream that carries the camera's AudioSpecificConfig."""
    with av.open(_empty_aac_file(audio)) as source:
        template = source.streams.audio[0]
        stream: AudioStream = output.add_stream_from_template(template)
        stream.codec_context.extradata = audio.extradata


def _empty_aac_file(audio: AudioTrack) -> io.BytesIO:
    """An MP4 without samples: the only way to a template for a stream that nobody encodes here."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4", options={"movflags": "empty_moov"}) as output:
        output.add_stream(
            "aac", rate=audio.sample_rate, layout=_LAYOUTS.get(audio.channels, "stereo")
        )
        output.start_encoding()
    return io.BytesIO(sink.getvalue())


def _reserve_length(header: bytes) -> bytes:
    """Put a `free` box as large as mehd first in moov/mvex."""
    moov = boxes.find(header, b"moov")
    mvex = boxes.find(header, b"moov", b"mvex")
    grown = bytearray(header[: moov.end])
    for box in (moov, mvex):
        struct.pack_into(">I", grown, box.start, box.end - box.start + MEHD_BYTES)
    grown[mvex.body : mvex.body] = struct.pack(">I4s12x", MEHD_BYTES, b"free")
    return bytes(grown)
