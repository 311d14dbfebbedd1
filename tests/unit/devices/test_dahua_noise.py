"""Whatever a device answers, a driver's parts return something or raise DeviceError."""

import contextlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.breaker import Breaker
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.clock import clock_of
from libs.devices.dahua.footage import FootageLister
from libs.devices.dahua.identity import identity_of
from libs.devices.dahua.storage import storage_of
from libs.devices.dahua.streams import channels_of
from libs.devices.driver import Address, Window
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
ADDRESS = Address("192.0.2.7", 80)
DAY = timedelta(days=1)


class ScriptedHttp(DeviceHttp):
    """Answers each request by a function of its action, without any network."""

    def __init__(self, answer: Callable[[str, dict[str, str]], tuple[int, str]]) -> None:
        super().__init__(ADDRESS, None, Breaker(lambda: NOW))
        self._answer = answer
        self.actions: list[str] = []

    async def request(
        self,
        method: str,
        path_and_query: str,
        *,
        content: bytes | None = None,
        content_type: str = "",
        max_bytes: int | None = None,
    ) -> HttpAnswer:
        query = dict(parse_qsl(urlsplit(path_and_query).query))
        self.actions.append(query.get("action", ""))
        status, text = self._answer(self.actions[-1], query)
        return HttpAnswer(status, {}, text.encode("utf-8", "surrogatepass"))


NAMES = st.sampled_from([
    "found", "result", "version", "type", "table.Encode[0].MainFormat[0].Video.FPS",
    "table.Encode[0].MainFormat[0].Video.Width", "table.Encode[0].MainFormat[0].Video.resolution",
    "table.Encode[7].ExtraFormat[0].Video.Compression", "table.ChannelTitle[3].Name",
    "table.RTSP.Port", "table.NTP.TimeZone", "table.Locales.DSTEnable",
    "table.Locales.DSTStart.Month", "list.info[0].Detail[0].TotalBytes", "list.info[0].State",
    "list.info[0].Detail[0].UsedBytes", "items[0].StartTime", "items[0].EndTime",
    "items[0].FilePath", "items[0].Length", "items[0].Duration", "items[0].Channel",
    "items[1].StartTime", "items[1].FilePath", "items[0].StartTimeRealUTC",
    "items[0].EndTimeRealUTC",
])  # fmt: skip
VALUES = st.sampled_from([
    "", "0", "1", "-1", "2", "100", "9" * 30, "1e999", "nan", "inf", "true", "08137", "1920x1080",
    "2025-03-09 08:00:00", "2025-03-09 08:30:00", "2025-03-09T08:30:00Z", "0000-00-00 00:00:00",
    "9999-12-31 23:59:59", "2199-12-31 23:59:59", "/mnt/sd/a.dav", "/" + "x" * 2000, "²",
]) | st.text(max_size=20)  # fmt: skip
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=12).map(
    lambda pairs: "".join(f"{name}={value}\r\n" for name, value in pairs)
)
BODIES = st.one_of(PAIRS, st.just("OK\r\n"), st.just("Error\r\n"), st.text(max_size=60))
STATUSES = st.sampled_from([200, 200, 200, 200, 400, 404, 500, 503, 204, 302])
NOISE = st.lists(st.tuples(STATUSES, BODIES), min_size=1, max_size=8)


def _noise(answers: list[tuple[int, str]], seed: int) -> ScriptedHttp:
    chance = random.Random(seed)
    return ScriptedHttp(lambda _action, _query: chance.choice(answers))


@settings(deadline=None)
@given(NOISE, st.integers())
async def test_every_question_survives_noise(answers: list[tuple[int, str]], seed: int):
    cgi = DahuaCgi(_noise(answers, seed))
    lister = FootageLister(cgi, lambda: NOW)

    for ask in (
        lambda: identity_of(cgi),
        lambda: channels_of(cgi, ADDRESS),
        lambda: storage_of(cgi),
        lambda: clock_of(cgi, lambda: NOW),
        lambda: cgi.picture(1, max_bytes=1000),
        lambda: lister.files(1, "main", Window(NOW - DAY, NOW), channels=1, zone=UTC),
        lambda: lister.files(1, "sub", Window(NOW - DAY, NOW), channels=4, zone=UTC),
    ):
        with contextlib.suppress(DeviceError):
            await ask()


def _searching(page: str, *, then: str = "found=0\r\n") -> ScriptedHttp:
    """A device whose searches bring one page, and then another answer for ever."""
    pages: dict[str, int] = {}

    def answer(action: str, query: dict[str, str]) -> tuple[int, str]:
        if action == "factory.create":
            return 200, "result=08137\r\n"
        if action == "findFile":
            pages["read"] = 0
        if action == "findNextFile":
            pages["read"] += 1
            return 200, page if pages["read"] == 1 else then
        return 200, "OK\r\n"

    return ScriptedHttp(answer)


async def _listed(http: ScriptedHttp, stream: str = "main") -> tuple[FootageFile, ...]:
    lister = FootageLister(DahuaCgi(http), lambda: NOW)
    window = Window(NOW - 2 * DAY, NOW)
    return await lister.files(1, stream, window, channels=1, zone=UTC)  # type: ignore[arg-type]


def _item(number: int = 0, **values: str) -> str:
    given = {
        "Channel": "1",
        "StartTime": "2025-03-09 08:00:00",
        "EndTime": "2025-03-09 08:30:00",
        "FilePath": f"/mnt/sd/{number}.dav",
        "Length": "79000000",
    } | values
    return "".join(f"items[{number}].{name}={value}\r\n" for name, value in given.items())


async def test_every_finder_is_given_back():
    http = _searching("found=1\r\n" + _item())
    (file,) = await _listed(http)

    assert (file.file_id, file.bytes) == ("/mnt/sd/0.dav", 79_000_000)
    assert http.actions.count("factory.create") == http.actions.count("destroy") > 0
    assert http.actions.count("close") == http.actions.count("destroy")


async def test_a_device_that_repeats_its_page_for_ever_comes_to_an_end():
    page = "found=1\r\n" + _item()

    assert len(await _listed(_searching(page, then=page))) == 1


@pytest.mark.parametrize(
    "page",
    [
        "found=5\r\n",
        "found=-1\r\n",
        "It works!",
        "",
        "found=1\r\n" + _item(StartTime="yesterday"),
        "found=1\r\n" + _item(FilePath=""),
        "found=1\r\n" + _item(FilePath="/" + "x" * 2000),
    ],
)
async def test_a_page_that_makes_no_sense_is_an_error_and_not_a_short_list(page: str):
    with pytest.raises(DeviceError) as caught:
        await _listed(_searching(page))

    assert caught.value.reason == FailureReason.PROTOCOL


@pytest.mark.parametrize("end", ["0000-00-00 00:00:00", "2025-03-09 08:00:00", ""])
async def test_a_file_without_an_end_is_being_written(end: str):
    (file,) = await _listed(_searching("found=1\r\n" + _item(EndTime=end)))

    assert file.is_open
    assert file.ended_at == NOW


async def test_files_of_other_channels_are_left_out():
    page = "found=2\r\n" + _item(0) + _item(1, Channel="2")

    assert [file.file_id for file in await _listed(_searching(page))] == ["/mnt/sd/0.dav"]


async def test_a_device_that_knows_no_streams_has_no_sub_stream():
    http = _searching("found=1\r\n" + _item())

    assert await _listed(http, "sub") == ()
