"""Complete listings: out of searches that lie in every way that devices are known to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.driver import Window
from libs.devices.errors import DeviceError
from libs.devices.listing import list_completely

START = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def a_file(start_seconds: float, seconds: float, *, name: str = "") -> FootageFile:
    started_at = START + timedelta(seconds=start_seconds)
    return FootageFile(
        channel="1",
        file_id=name or f"f{start_seconds}",
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=seconds),
        bytes=1000,
    )


@dataclass
class LyingDevice:
    """Searches true files, and answers as devices do."""

    files: list[FootageFile]
    cap: int = 10_000
    takes_ends_in: bool = False
    repeats_at_seams: bool = False
    scrambles: Random | None = None
    grows: bool = False
    searches: list[Window] = field(default_factory=list)

    async def search(self, window: Window) -> Sequence[FootageFile]:
        self.searches.append(window)
        found = [file for file in self.files if self._matches(file, window)][: self.cap]
        if self.grows and found and found[-1] is self.files[-1]:
            longer = self.files[-1].ended_at + timedelta(seconds=len(self.searches))
            found[-1] = found[-1].model_copy(update={"ended_at": longer})
        if self.repeats_at_seams:
            found = [file for file in found for _ in range(2)]
        if self.scrambles:
            self.scrambles.shuffle(found)
        return found

    def _matches(self, file: FootageFile, window: Window) -> bool:
        if self.takes_ends_in:
            return file.started_at <= window.end and file.ended_at >= window.start
        return file.started_at < window.end and file.ended_at > window.start


@st.composite
def timelines(draw: st.DrawFn) -> list[FootageFile]:
    """Files one after the other over some days, some of them without a pause between."""
    at, files = draw(st.integers(-7200, 3600)), []
    for pause, length in draw(
        st.lists(
            st.tuples(
                st.one_of(st.just(0), st.integers(1, 60_000)),
                st.one_of(st.integers(2, 7200), st.integers(80_000, 200_000)),
            ),
            max_size=60,
        )
    ):
        at += pause
        files.append(a_file(at, length))
        at += length
    return files


@settings(max_examples=150, deadline=None)
@given(
    files=timelines(),
    days=st.integers(1, 4),
    cap=st.one_of(st.integers(1, 5), st.just(1000)),
    takes_ends_in=st.booleans(),
    repeats_at_seams=st.booleans(),
    seed=st.none() | st.integers(0, 99),
)
async def test_a_lying_device_is_listed_exactly(
    *, files, days, cap, takes_ends_in, repeats_at_seams, seed
):
    device = LyingDevice(files, cap, takes_ends_in, repeats_at_seams, seed and Random(seed))
    window = Window(START, START + days * DAY)

    listed = await list_completely(device.search, window)

    truth = [file for file in files if file.started_at < window.end and file.ended_at > START]
    assert list(listed) == truth


async def test_a_growing_file_is_listed_once_in_its_longest_version():
    device = LyingDevice([a_file(0, 600), a_file(600, 100)], cap=1, grows=True)

    listed = await list_completely(device.search, Window(START, START + DAY))

    assert [file.file_id for file in listed] == ["f0", "f600"]
    assert listed[1].ended_at > device.files[1].ended_at


async def test_a_file_whose_id_changes_while_it_grows_is_one_file_to_who_says_so():
    versions = iter(
        [a_file(0, 10, name="name&size=1"), a_file(0, 20, name="name&size=2"), a_file(0, 30)]
    )

    async def search(_: Window) -> list[FootageFile]:
        return [file] if (file := next(versions, None)) else []

    listed = await list_completely(
        search, Window(START, START + DAY), same=lambda file: file.started_at
    )

    assert [file.ended_at - file.started_at for file in listed] == [timedelta(seconds=30)]


async def test_an_empty_device_is_asked_once_a_day():
    device = LyingDevice([])

    assert await list_completely(device.search, Window(START, START + 3 * DAY)) == ()
    assert len(device.searches) == 3


async def test_a_device_that_ignores_the_window_gives_what_lies_in_it():
    everything = [a_file(-10 * 86400, 600), a_file(10, 600), a_file(20 * 86400, 600)]

    async def search(_: Window) -> list[FootageFile]:
        return everything

    assert await list_completely(search, Window(START, START + DAY)) == (everything[1],)


async def test_ever_new_names_for_one_moment_are_a_circle():
    asked = 0

    async def search(_: Window) -> list[FootageFile]:
        nonlocal asked
        asked += 1
        return [a_file(0, 600, name=f"n{asked}")]

    with pytest.raises(DeviceError) as raised:
        await list_completely(search, Window(START, START + DAY))

    assert raised.value.reason is FailureReason.PROTOCOL
    assert asked < 60


async def test_ever_later_files_end_at_the_limit_of_searches():
    asked = 0

    async def search(_: Window) -> list[FootageFile]:
        nonlocal asked
        asked += 1
        return [a_file(asked / 1000, 1)]

    with pytest.raises(DeviceError) as raised:
        await list_completely(search, Window(START, START + DAY), max_searches=40)

    assert raised.value.reason is FailureReason.PROTOCOL
    assert asked == 40


async def test_what_the_search_raises_is_passed_on():
    async def search(_: Window) -> list[FootageFile]:
        raise DeviceError(FailureReason.BUSY, "later")

    with pytest.raises(DeviceError, match="later"):
        await list_completely(search, Window(START, START + DAY))


async def test_a_search_that_never_comes_back_is_a_timeout():
    async def search(_: Window) -> list[FootageFile]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(DeviceError) as raised:
        await list_completely(search, Window(START, START + DAY), timeout_seconds=0.01)

    assert raised.value.reason is FailureReason.TIMEOUT
