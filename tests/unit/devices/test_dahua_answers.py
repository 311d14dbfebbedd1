from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.footage import FootageFile
from libs.devices.dahua import keyvalue
from libs.devices.dahua.channel_base import Outcome, find_base
from libs.devices.dahua.clock import local_time, written
from libs.devices.dahua.footage import same_file
from libs.devices.dahua.zone import posix_zone, zone_of_offset
from libs.devices.posix_tz import zone_of

PAGE = b"""found=2\r
items[0].Channel=1\r
 items [0] . StartTime = 2025-03-01 08:00:00 \r
items[0].FilePath=/mnt/sd/a=b[R][0@0][0].dav\r
items[1].Channel = 2\r
<b>items[1].Channel=3\r
no pair at all\r
"""


def test_pairs_are_read_with_stray_blanks_and_equal_signs_in_values():
    values = keyvalue.parse(PAGE)

    assert values["found"] == "2"
    assert keyvalue.rows(values, "items") == {
        0: {
            "channel": "1",
            "starttime": "2025-03-01 08:00:00",
            "filepath": "/mnt/sd/a=b[R][0@0][0].dav",
        },
        1: {"channel": "2"},
    }


def test_texts_of_chinese_firmware_are_read():
    assert keyvalue.parse("name=前门".encode("gb18030")) == {"name": "前门"}
    assert keyvalue.parse("\ufeffname=前门".encode()) == {"name": "前门"}


NAMES = st.from_regex(r"[a-z][a-z_.:/-]{0,20}(\[[0-9]{1,3}\])?", fullmatch=True)
VALUES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\x00"), max_size=30
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES), st.sampled_from(["\n", "\r\n", " \r\n"]))
def test_what_is_written_is_read_again(pairs: dict[str, str], ending: str):
    text = "".join(f"{name}={value}{ending}" for name, value in pairs.items())

    assert keyvalue.parse(text.encode()) == pairs


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(body: bytes):
    values = keyvalue.parse(body)

    assert all(name == name.lower() and "=" not in name for name in values)
    assert keyvalue.rows(values, "items") == {} or any("items[" in name for name in values)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_numbers_and_times_of_any_text_are_told_or_not(text: str):
    value = keyvalue.number(text)
    moment = local_time(text)

    assert value is None or (text.isascii() and value == int(text))
    assert moment is None or local_time(written(moment)) == moment


@pytest.mark.parametrize("text", ["0000-00-00 00:00:00", "2025-02-30 00:00:00", "", None, "now"])
def test_what_is_no_time_is_none(text: str | None):
    assert local_time(text) is None


def _locales(**dates: str) -> dict[str, str]:
    named = {f"table.locales.{name.replace('_', '.')}": value for name, value in dates.items()}
    return {"table.locales.dstenable": "true"} | named


def test_the_zone_is_an_index_and_not_a_number_of_hours():
    assert posix_zone({"table.ntp.timezone": "13"}, {}) == "<+08>-8"
    assert posix_zone({"table.ntp.timezone": "8"}, {}) == "<+0530>-5:30"
    assert posix_zone({"table.ntp.timezone": "23"}, {}) == "<-0330>3:30"
    assert posix_zone({"table.ntp.timezone": "0"}, {}) == "<+00>0"
    assert posix_zone({"table.ntp.timezone": "99"}, {}) == ""
    assert posix_zone({}, {}) == ""


def test_daylight_saving_time_by_date_is_kept():
    locales = _locales(
        dststart_month="3", dststart_day="30", dststart_week="0", dststart_hour="2",
        dstend_month="10", dstend_day="26", dstend_week="0", dstend_hour="3",
    )  # fmt: skip

    assert posix_zone({"table.ntp.timezone": "1"}, locales) == "<+01>-1<+02>-2,J89/2:00,J299/3:00"


def test_daylight_saving_time_without_dates_is_left_out():
    assert posix_zone({"table.ntp.timezone": "1"}, _locales()) == "<+01>-1"


SIGNED = st.integers(-9, 99).map(str) | st.text(max_size=3)


@settings(deadline=None)
@given(
    index=st.integers(0, 32),
    start=st.tuples(SIGNED, SIGNED, SIGNED, SIGNED, SIGNED),
    end=st.tuples(SIGNED, SIGNED, SIGNED, SIGNED, SIGNED),
)
def test_every_told_zone_is_one_that_can_be_used(
    index: int, start: tuple[str, ...], end: tuple[str, ...]
):
    parts = ("month", "day", "week", "hour", "minute")
    told = {f"dststart_{part}": value for part, value in zip(parts, start, strict=True)}
    told |= {f"dstend_{part}": value for part, value in zip(parts, end, strict=True)}
    text = posix_zone({"table.ntp.timezone": str(index)}, _locales(**told))

    moment = datetime(2025, 7, 1, tzinfo=UTC)
    assert moment.astimezone(zone_of(text)).utcoffset() is not None


@settings(deadline=None)
@given(st.integers(-14 * 60, 14 * 60))
def test_a_zone_that_is_guessed_is_within_half_a_quarter_of_an_hour(minutes: int):
    ahead = timedelta(minutes=minutes)
    offset = datetime(2025, 1, 1, tzinfo=UTC).astimezone(zone_of(zone_of_offset(ahead))).utcoffset()

    assert offset is not None
    assert abs(offset - ahead) <= timedelta(minutes=7.5)


def _tries(answers: dict[int, Outcome], otherwise: Outcome):
    async def outcome(number: int) -> Outcome:
        return answers.get(number, otherwise)

    return outcome


@pytest.mark.parametrize(
    ("answers", "otherwise", "expected"),
    [
        ({0: "files", 1: "files"}, "refused", (0, True)),
        ({1: "files", 4: "files"}, "refused", (1, True)),
        ({0: "empty", 1: "files", 2: "files", 3: "empty"}, "refused", (0, True)),
        ({1: "files", 4: "empty"}, "refused", (1, False)),
        ({1: "files"}, "empty", (1, False)),
        ({}, "files", (1, True)),
        ({}, "refused", (1, False)),
    ],
)
async def test_how_channels_are_counted_is_concluded_from_what_cannot_be_otherwise(
    answers: dict[int, Outcome], otherwise: Outcome, expected: tuple[int, bool]
):
    assert await find_base(_tries(answers, otherwise), 4) == expected


def test_a_file_stays_the_same_when_it_is_finished():
    start = datetime(2025, 3, 1, 8, tzinfo=UTC)
    folder = "/mnt/sd/2025-03-01/001/dav/08"
    names = ("08.00.00-08.00.00[R][0@0][0].dav_", "08.00.00-08.30.00[R][0@0][0].dav")
    growing, finished = (
        FootageFile(
            channel="1",
            file_id=f"{folder}/{name}",
            started_at=start,
            ended_at=start + timedelta(minutes=minutes),
        )
        for name, minutes in zip(names, (5, 30), strict=True)
    )
    other = finished.model_copy(update={"file_id": f"{folder}/08.00.00-08.30.00[M][0@0][0].dav"})

    assert same_file(growing) == same_file(finished)
    assert same_file(other) != same_file(finished)
