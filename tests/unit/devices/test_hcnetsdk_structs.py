import ctypes
from ctypes import Structure, c_long, c_uint8, c_uint32
from typing import ClassVar

import pytest

from libs.devices.hcnetsdk.layouts import (
    LAYOUTS,
    Layout,
    LayoutMismatch,
    check_all_layouts,
    check_layout,
)
from libs.devices.hcnetsdk.structs import (
    DaylightSaving,
    DeviceInfoV30,
    DeviceInfoV40,
    FileCondition,
    FoundFile,
    LocalPath,
    LoginInfo,
    PlayCondition,
    StreamId,
    Time,
    VodParameters,
)

SIZES = {
    Time: 24,
    LoginInfo: 416,
    DeviceInfoV30: 80,
    DeviceInfoV40: 344,
    FileCondition: 160,
    FoundFile: 320,
    PlayCondition: 116,
    StreamId: 72,
    VodParameters: 160,
    LocalPath: 384,
    DaylightSaving: 68,
}


@pytest.mark.parametrize("structure", SIZES, ids=lambda structure: structure.__name__)
def test_a_structure_has_the_size_that_the_library_expects(structure: type[Structure]) -> None:
    assert ctypes.sizeof(structure) == SIZES[structure]


@pytest.mark.parametrize(
    ("structure", "field", "offset"),
    [
        (structure, field, offset)
        for structure, layout in LAYOUTS.items()
        for field, offset in layout.offsets.items()
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_field_begins_where_the_library_expects_it(
    structure: type[Structure], field: str, offset: int
) -> None:
    assert getattr(structure, field).offset == offset


def test_every_structure_is_checked_before_the_library_is_loaded() -> None:
    check_all_layouts()

    assert {structure: layout.size for structure, layout in LAYOUTS.items()} == SIZES


def test_a_long_instead_of_32_bits_is_noticed() -> None:
    class Wrong(Structure):
        _fields_: ClassVar = [("channel", c_long), *FileCondition._fields_[1:]]

    with pytest.raises(LayoutMismatch, match="Wrong has 168 bytes, not 160"):
        check_layout(Wrong, LAYOUTS[FileCondition])


def test_a_missing_byte_is_noticed_where_padding_hides_it_from_the_size() -> None:
    class Wrong(Structure):
        _fields_: ClassVar = [field for field in LoginInfo._fields_ if field[0] != "verify_mode"]

    layout = Layout(ctypes.sizeof(LoginInfo), {"reserved": 293})

    assert ctypes.sizeof(Wrong) == layout.size
    with pytest.raises(LayoutMismatch, match=r"Wrong.reserved is at 292, not 293"):
        check_layout(Wrong, layout)


def test_a_misspelt_field_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        LoginInfo().pasword = b"x"


def test_the_worker_refuses_structures_of_another_width(monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(Structure):
        _fields_: ClassVar = [("year", c_uint32), ("rest", c_uint8 * 10)]

    monkeypatch.setitem(LAYOUTS, Short, LAYOUTS[Time])  # type: ignore[misc]  # a dict inside

    with pytest.raises(LayoutMismatch):
        check_all_layouts()
