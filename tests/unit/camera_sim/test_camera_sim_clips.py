from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tools.camera_sim.clip_clock import read_clock
from tools.camera_sim.clip_encode import AUDIO_LOOP_SECONDS, encode_audio, encode_video
from tools.camera_sim.clip_spec import AudioCodec, ClipSpec, VideoCodec
from tools.camera_sim.clip_store import load_clip
from tools.camera_sim.rtp_payload import split_annexb

TINY = ClipSpec(width=320, height=240, fps=10, gop_seconds=1.0, duration_seconds=3)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4"])
def test_keyframes_stand_on_the_beat_and_nothing_is_sent_before_it_was_seen(
    codec: VideoCodec, b_frames: int
) -> None:
    track = encode_video(replace(TINY, codec=codec, b_frames=b_frames))

    assert [unit.pts for unit in track.units if unit.is_key] == [0, 90_000, 180_000]
    assert sorted(unit.pts for unit in track.units) == [9000 * n for n in range(30)]
    assert all(unit.sent_at >= unit.pts for unit in track.units)
    assert [unit.sent_at for unit in track.units] == sorted(unit.sent_at for unit in track.units)
    assert track.loop_ticks == 270_000


@pytest.mark.parametrize(("codec", "wanted"), [("h264", {7, 8, 5}), ("hevc", {32, 33, 34})])
def test_each_keyframe_comes_with_its_parameter_sets(codec: VideoCodec, wanted: set[int]) -> None:
    track = encode_video(replace(TINY, codec=codec))

    for unit in track.units:
        heads = [nal[0] for nal in split_annexb(unit.payload)]
        kinds = {head & 0x1F if codec == "h264" else head >> 1 for head in heads}
        assert (wanted <= kinds) == unit.is_key


def test_a_decoded_clip_shows_the_clock_of_its_loop() -> None:
    track = encode_video(TINY)
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)

    packets = [av.Packet(unit.payload) for unit in track.units]
    clocks = [read_clock(f) for p in [*packets, None] for f in decoder.decode(p)]

    assert clocks == [100 * n for n in range(30)]


@pytest.mark.parametrize(("audio", "rate"), [("aac", 48_000), ("aac", 16_000), ("mulaw", 8000)])
def test_sound_fills_its_loop_without_a_seam(audio: AudioCodec, rate: int) -> None:
    aac_rate = rate if audio == "aac" else 48_000
    track = encode_audio(replace(TINY, audio=audio, audio_rate=aac_rate))

    times = [unit.pts for unit in track.units]
    step = times[1] - times[0]
    assert track.clock_rate == rate
    assert times == [step * n for n in range(len(times))]
    assert step * len(times) == track.loop_ticks == AUDIO_LOOP_SECONDS * rate


def test_a_clip_is_encoded_once_and_read_back_the_same(tmp_path: Path) -> None:
    spec = replace(TINY, audio="aac", codec="mpeg4")
    told: list[float] = []

    first = load_clip(spec, tmp_path, told.append)
    encodings = len(told)
    second = load_clip(spec, tmp_path, told.append)

    assert first == second
    assert [track.codec for track in first] == ["mpeg4", "aac"]
    assert encodings > 0
    assert len(told) == encodings
    assert told[-1] == 1.0


def test_clips_share_their_sound_and_not_their_picture(tmp_path: Path) -> None:
    load_clip(replace(TINY, audio="alaw"), tmp_path)
    load_clip(replace(TINY, audio="alaw", label="other"), tmp_path)

    assert len(list(tmp_path.glob("*.clip"))) == 3


def test_writers_that_race_leave_one_whole_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        clips = list(pool.map(lambda _: load_clip(TINY, tmp_path), range(4)))

    assert len(list(tmp_path.iterdir())) == 1
    assert load_clip(TINY, tmp_path)[0].units in [clip[0].units for clip in clips]
