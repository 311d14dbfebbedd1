import array
import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import av
import pytest
from av.audio.codeccontext import AudioCodecContext

from libs.media.audio import AAC_FRAME_SAMPLES, AAC_RATE, AudioPipeline, make_audio_pipeline
from libs.media.packets import AudioTrack, Packet, TrackKind

PACKET_SAMPLES = 160  # 20 ms of G.711
MULAW_SILENCE = b"\xff"


def g711(codec: str = "pcm_mulaw") -> AudioTrack:
    return AudioTrack(codec, Fraction(1, 8000), 8000, 1, b"")


def packet(
    pts: int | None, data: bytes = MULAW_SILENCE * PACKET_SAMPLES, arrived: float = 0.0
) -> Packet:
    return Packet(TrackKind.AUDIO, data, pts, pts, is_key=True, arrived_monotonic=arrived)


def clicking(at: int) -> bytes:
    """One packet of µ-law silence with a loud click that begins at the sample `at`."""
    return (MULAW_SILENCE * at + b"\x80" * 8).ljust(PACKET_SAMPLES, MULAW_SILENCE)


def run(pipeline: AudioPipeline, packets: Iterable[Packet]) -> list[Packet]:
    out = [ready for given in packets for ready in pipeline.push(given)]
    return out + pipeline.flush()


def loudest_at(track: AudioTrack, packets: Iterable[Packet]) -> int:
    """Decode as a player does: each frame shows at its packet's time. Return output ticks."""
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = track.extradata
    loudest = (0.0, 0)
    for given in packets:
        for frame in decoder.decode(av.Packet(given.data)):
            samples = array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
            loudest = max(loudest, *((abs(s), time_of(given) + at) for at, s in enumerate(samples)))
    return loudest[1]


def time_of(packet: Packet) -> int:
    assert packet.pts is not None
    return packet.pts


def steps(packets: Iterable[Packet]) -> list[int]:
    times = [time_of(given) for given in packets]
    return [after - before for before, after in itertools.pairwise(times)]


def test_aac_passes_through_untouched():
    track = AudioTrack("aac", Fraction(1, 48000), 48000, 2, b"\x11\x90")
    pipeline, given = make_audio_pipeline(track), packet(7)

    assert pipeline.output is track
    assert pipeline.push(given) == [given]
    assert pipeline.flush() == []


def test_output_is_described_as_16_khz_mono_aac():
    output = make_audio_pipeline(g711()).output

    assert (output.codec, output.sample_rate, output.channels) == ("aac", 16_000, 1)
    assert output.time_base == Fraction(1, 16_000)
    # AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1: object type 2 (LC), rate index 8, 1 channel
    assert output.extradata[:2] == bytes([2 << 3 | 8 >> 1, (8 & 1) << 7 | 1 << 3])


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw"])
def test_one_second_in_is_one_second_out(codec):
    pipeline = make_audio_pipeline(g711(codec))

    out = run(pipeline, [packet(n * PACKET_SAMPLES) for n in range(50)])

    assert set(steps(out)) == {AAC_FRAME_SAMPLES}
    assert AAC_RATE <= time_of(out[-1]) + AAC_FRAME_SAMPLES < AAC_RATE + AAC_FRAME_SAMPLES
    assert all(given.is_key and given.dts == given.pts for given in out)


@pytest.mark.parametrize(("codec", "bits"), [("adpcm_g726", 4), ("adpcm_g726le", 2)])
def test_g726_is_decoded_with_its_code_size(codec, bits):
    track = AudioTrack(codec, Fraction(1, 8000), 8000, 1, bytes([bits]))
    pipeline = make_audio_pipeline(track)
    data = bytes(PACKET_SAMPLES * bits // 8)

    out = run(pipeline, [packet(n * PACKET_SAMPLES, data) for n in range(50)])

    assert pipeline.failed_packets == 0
    assert AAC_RATE <= time_of(out[-1]) + AAC_FRAME_SAMPLES < AAC_RATE + AAC_FRAME_SAMPLES


def test_a_sound_stays_where_it_was_despite_the_encoders_delay():
    pipeline, start = make_audio_pipeline(g711()), 1000
    packets = [packet(start + n * PACKET_SAMPLES) for n in range(50)]
    packets[30] = packet(start + 30 * PACKET_SAMPLES, clicking(at=40))

    out = run(pipeline, packets)

    click = (start + 30 * PACKET_SAMPLES + 40) * 2
    assert click <= loudest_at(pipeline.output, out) <= click + 16


@pytest.mark.parametrize("missing", [5, 50, 500])
def test_a_gap_does_not_shift_what_follows(missing):
    pipeline = make_audio_pipeline(g711())
    after = 20 + missing
    packets = [packet(n * PACKET_SAMPLES) for n in (*range(20), *range(after, after + 30))]
    packets[35] = packet(packets[35].pts, clicking(at=0))

    out = run(pipeline, packets)

    click = time_of(packets[35]) * 2
    assert click <= loudest_at(pipeline.output, out) <= click + 16
    assert all(step >= AAC_FRAME_SAMPLES for step in steps(out))


def test_small_jitter_of_the_timestamps_leaves_no_seam():
    pipeline = make_audio_pipeline(g711())

    out = run(pipeline, [packet(n * PACKET_SAMPLES + (n % 3) * 40) for n in range(100)])

    assert set(steps(out)) == {AAC_FRAME_SAMPLES}


def test_a_clock_set_back_is_followed():
    pipeline = make_audio_pipeline(g711())
    packets = [packet(100_000 + n * PACKET_SAMPLES) for n in range(20)]
    packets += [packet(n * PACKET_SAMPLES) for n in range(30)]
    packets[40] = packet(packets[40].pts, clicking(at=0))

    out = run(pipeline, packets)

    click = time_of(packets[40]) * 2
    assert click <= loudest_at(pipeline.output, out) <= click + 16


def test_packets_before_the_first_timestamp_are_counted_back():
    pipeline = make_audio_pipeline(g711())
    packets = [packet(None) for _ in range(10)]
    packets += [packet(8000 + n * PACKET_SAMPLES) for n in range(40)]
    packets[5] = packet(None, clicking(at=0))

    out = run(pipeline, packets)

    click = (8000 - 5 * PACKET_SAMPLES) * 2
    assert click <= loudest_at(pipeline.output, out) <= click + 16


def test_a_missing_timestamp_later_on_is_where_it_is_expected():
    pipeline = make_audio_pipeline(g711())

    out = run(pipeline, [packet(None if n % 7 == 3 else n * PACKET_SAMPLES) for n in range(50)])

    assert set(steps(out)) == {AAC_FRAME_SAMPLES}


def test_without_any_timestamp_nothing_comes_out():
    assert run(make_audio_pipeline(g711()), [packet(None) for _ in range(300)]) == []


def test_what_cannot_be_decoded_is_counted_and_leaves_a_gap():
    track = AudioTrack("pcm_mulaw", Fraction(1, 8000), 8000, 2, b"")
    pipeline = make_audio_pipeline(track)
    packets = [packet(n * PACKET_SAMPLES, MULAW_SILENCE * 320) for n in range(50)]
    packets[10] = packet(packets[10].pts, b"\xff")  # half a sample of two channels

    out = run(pipeline, packets)

    assert pipeline.failed_packets == 1
    assert math.isclose(time_of(out[-1]), AAC_RATE, abs_tol=2 * AAC_FRAME_SAMPLES)


def test_output_arrives_with_the_packet_that_completed_it():
    pipeline = make_audio_pipeline(g711())

    out = [
        (ready.arrived_monotonic, arrived)
        for arrived in range(50)
        for ready in pipeline.push(packet(arrived * PACKET_SAMPLES, arrived=float(arrived)))
    ]

    assert out
    assert all(stamped == arrived for stamped, arrived in out)


def test_other_codecs_are_refused():
    with pytest.raises(ValueError, match="vorbis"):
        make_audio_pipeline(AudioTrack("vorbis", Fraction(1, 8000), 8000, 1, b""))
