import time
import wave
from pathlib import Path

import av
import av.error
import pytest
from av.container import InputContainer

from libs.media.source_interrupt import ReadInterrupt


@pytest.fixture
def sound_file(tmp_path: Path) -> str:
    """Large enough that libav must go on reading it after opening."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4_000_000))
    return str(path)


def opened(path: str) -> tuple[InputContainer, ReadInterrupt]:
    before = time.monotonic()
    container = av.open(path, timeout=(10.0, None))
    return container, ReadInterrupt(container, opened_after=before, now=time.monotonic())


def test_a_read_ends_once_it_is_fired(sound_file):
    container, interrupt = opened(sound_file)
    packets = container.demux()
    next(packets)

    interrupt.fire()

    with pytest.raises(av.error.ExitError):
        list(packets)
    container.close()


def test_a_read_that_nobody_ends_goes_on_to_the_end(sound_file):
    container, _ = opened(sound_file)

    size = sum(packet.size for packet in container.demux())

    assert size == 4_000_000
    container.close()


def test_a_detached_handle_does_nothing(sound_file):
    container, interrupt = opened(sound_file)
    packets = container.demux()
    next(packets)

    interrupt.detach()
    interrupt.fire()

    assert sum(packet.size for packet in packets) > 0
    container.close()


def test_a_container_opened_without_a_limit_is_refused(sound_file):
    before = time.monotonic()
    container = av.open(sound_file)

    with pytest.raises(LookupError):
        ReadInterrupt(container, opened_after=time.monotonic(), now=before)
    container.close()
