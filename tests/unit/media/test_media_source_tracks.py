import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import av
import pytest
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from libs.media.errors import SourceError, SourceErrorKind
from libs.media.packets import TrackKind
from libs.media.source_tracks import choose_streams

URL = "rtsp://camera/s"
PIXELS = {"mjpeg": "yuvj420p"}


@contextmanager
def described(*, video: Sequence[str] = (), audio: Sequence[str] = ()) -> Iterator[InputContainer]:
    """Stands in for a camera's description: one frame of each track, in QuickTime."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as container:
        streams = [add_video(container, codec) for codec in video]
        sounds = [add_audio(container, codec) for codec in audio]
        for stream in streams:
            frame = av.VideoFrame(320, 240, PIXELS.get(stream.codec.name, "yuv420p"))
            frame.pts, frame.time_base = 0, Fraction(1, 25)
            container.mux([*stream.encode(frame), *stream.encode(None)])
        for sound in sounds:
            silence = av.AudioFrame(sound.format.name, "mono", 1024)
            silence.sample_rate, silence.pts = sound.rate, 0
            silence.planes[0].update(bytes(silence.planes[0].buffer_size))
            container.mux([*sound.encode(silence), *sound.encode(None)])
    with av.open(io.BytesIO(file.getvalue()), "r") as container:
        yield container


def add_video(container: av.container.OutputContainer, codec: str) -> VideoStream:
    stream = container.add_stream(codec, rate=25)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = 320, 240
    stream.pix_fmt = PIXELS.get(stream.codec.name, "yuv420p")
    return stream


def add_audio(container: av.container.OutputContainer, codec: str) -> AudioStream:
    stream = container.add_stream(codec, rate=8000, layout="mono")
    assert isinstance(stream, AudioStream)
    return stream


@pytest.mark.parametrize(("encoder", "codec"), [("libx264", "h264"), ("mpeg4", "mpeg4")])
def test_supported_video_is_described(encoder, codec):
    with described(video=[encoder]) as container:
        tracks = choose_streams(container, url=URL).tracks

    assert (tracks.video.codec, tracks.video.width, tracks.video.height) == (codec, 320, 240)
    assert tracks.audio is None
    assert tracks.dropped == ()


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw", "aac"])
def test_supported_audio_is_described(codec):
    with described(video=["mpeg4"], audio=[codec]) as container:
        audio = choose_streams(container, url=URL).tracks.audio

    assert audio is not None
    assert (audio.codec, audio.sample_rate, audio.channels) == (codec, 8000, 1)


def test_unsupported_audio_is_dropped_with_a_reason():
    with described(video=["mpeg4"], audio=["pcm_s16le"]) as container:
        tracks = choose_streams(container, url=URL).tracks

    assert tracks.audio is None
    [dropped] = tracks.dropped
    assert (dropped.kind, dropped.codec) == (TrackKind.AUDIO, "pcm_s16le")
    assert "pcm_s16le is not supported" in dropped.reason


def test_the_first_supported_track_of_each_kind_is_taken():
    with described(
        video=["mjpeg", "mpeg4", "libx264"], audio=["pcm_s16le", "pcm_alaw", "aac"]
    ) as container:
        tracks = choose_streams(container, url=URL).tracks

    assert tracks.video.codec == "mpeg4"
    assert tracks.audio is not None
    assert tracks.audio.codec == "pcm_alaw"
    assert [dropped.codec for dropped in tracks.dropped] == ["mjpeg", "h264", "pcm_s16le", "aac"]


def test_unsupported_video_names_what_came_and_what_is_supported():
    with (
        described(video=["mjpeg"], audio=["aac"]) as container,
        pytest.raises(SourceError) as caught,
    ):
        choose_streams(container, url=URL)

    assert caught.value.kind is SourceErrorKind.UNSUPPORTED_CODEC
    assert "mjpeg" in str(caught.value)
    assert "H.264, H.265 or MPEG-4 part 2" in str(caught.value)


def test_sound_alone_is_no_video():
    with described(audio=["pcm_alaw"]) as container, pytest.raises(SourceError) as caught:
        choose_streams(container, url=URL)

    assert caught.value.kind is SourceErrorKind.NO_VIDEO
