"""The library's C structures on 64-bit Linux; layouts.py checks that they lie as they should.

There is no `#pragma pack`: natural alignment, LONG and BOOL are 32 bits wide, and a window handle
is a number.
"""

from ctypes import Structure, c_byte, c_char, c_int32, c_uint8, c_uint16, c_uint32, c_void_p
from typing import ClassVar


class Time(Structure):
    """Wall-clock time of the device, to the second."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("year", c_uint32),
        ("month", c_uint32),
        ("day", c_uint32),
        ("hour", c_uint32),
        ("minute", c_uint32),
        ("second", c_uint32),
    ]


class LoginInfo(Structure):
    """What a login is made of; the buffer holds the password."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("address", c_char * 129),
        ("use_transport", c_uint8),
        ("port", c_uint16),
        ("username", c_char * 64),
        ("password", c_char * 64),
        ("callback", c_void_p),
        ("callback_context", c_void_p),
        ("is_asynchronous", c_int32),
        ("proxy_type", c_uint8),
        ("use_utc_time", c_uint8),
        ("login_mode", c_uint8),
        ("https", c_uint8),
        ("proxy_id", c_int32),
        ("verify_mode", c_uint8),
        ("reserved", c_uint8 * 119),
    ]


class DeviceInfoV30(Structure):
    """What a device tells at a login; `*_high` are upper bytes of counts."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("serial", c_uint8 * 48),
        ("alarm_inputs", c_uint8),
        ("alarm_outputs", c_uint8),
        ("disks", c_uint8),
        ("type_byte", c_uint8),
        ("analogue_channels", c_uint8),
        ("analogue_start", c_uint8),
        ("audio_channels", c_uint8),
        ("ip_channels", c_uint8),
        ("zero_channels", c_uint8),
        ("main_protocol", c_uint8),
        ("sub_protocol", c_uint8),
        ("support", c_uint8),
        ("support1", c_uint8),
        ("support2", c_uint8),
        ("type", c_uint16),
        ("support3", c_uint8),
        ("stream_protocols", c_uint8),
        ("ip_start", c_uint8),
        ("ip_talk_start", c_uint8),
        ("ip_channels_high", c_uint8),
        ("support4", c_uint8),
        ("languages", c_uint8),
        ("voice_inputs", c_uint8),
        ("voice_start", c_uint8),
        ("support5", c_uint8),
        ("support6", c_uint8),
        ("mirror_channels", c_uint8),
        ("mirror_start", c_uint16),
        ("support7", c_uint8),
        ("reserved", c_uint8),
    ]


class DeviceInfoV40(Structure):
    """The same, with what a failed login tells about the lock."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("v30", DeviceInfoV30),
        ("supports_lock", c_uint8),
        ("tries_left", c_uint8),
        ("password_level", c_uint8),
        ("proxy_type", c_uint8),
        ("locked_seconds", c_uint32),
        ("text_encoding", c_uint8),
        ("support_dev5", c_uint8),
        ("support", c_uint8),
        ("login_mode", c_uint8),
        ("oem_code", c_uint32),
        ("validity_days", c_int32),
        ("validity", c_uint8),
        ("more", c_uint8 * 4),
        ("reserved", c_uint8 * 239),
    ]


class FileCondition(Structure):
    """What is looked for; a card number or a special condition is never set here."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("channel", c_int32),
        ("file_type", c_uint32),
        ("is_locked", c_uint32),
        ("use_card_number", c_uint32),
        ("card_number", c_uint8 * 32),
        ("start", Time),
        ("stop", Time),
        ("draw_frame", c_uint8),
        ("find_type", c_uint8),
        ("quick_search", c_uint8),
        ("special_type", c_uint8),
        ("volume", c_uint32),
        ("working_device", c_uint8 * 16),
        ("special", c_uint8 * 8),
        ("stream_type", c_uint8),
        ("audio_file", c_uint8),
        ("reserved", c_uint8 * 30),
    ]


class FoundFile(Structure):
    """One file that a search found; the name is bytes, not always with a zero at its end."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("name", c_uint8 * 100),
        ("start", Time),
        ("stop", Time),
        ("size", c_uint32),
        ("card_number", c_uint8 * 32),
        ("is_locked", c_uint8),
        ("file_type", c_uint8),
        ("quick_search", c_uint8),
        ("index", c_uint32),
        ("stream_type", c_uint8),
        ("reserved", c_uint8 * 127),
    ]


class PlayCondition(Structure):
    """A stretch of a channel to download by time."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("channel", c_uint32),
        ("start", Time),
        ("stop", Time),
        ("draw_frame", c_uint8),
        ("stream_type", c_uint8),
        ("stream_id", c_uint8 * 32),
        ("course_file", c_uint8),
        ("download", c_uint8),
        ("optimal_stream_type", c_uint8),
        ("file_format", c_uint8),
        ("reserved", c_uint8 * 26),
    ]


class StreamId(Structure):
    """A channel as playback names it."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("size", c_uint32),
        ("id", c_uint8 * 32),
        ("channel", c_uint32),
        ("reserved", c_uint8 * 32),
    ]


class VodParameters(Structure):
    """A stretch of a channel to play by time."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("size", c_uint32),
        ("stream", StreamId),
        ("begin", Time),
        ("end", Time),
        ("window", c_uint32),
        ("draw_frame", c_uint8),
        ("volume_type", c_uint8),
        ("volume", c_uint8),
        ("stream_type", c_uint8),
        ("file_index", c_uint32),
        ("audio_file", c_uint8),
        ("course_file", c_uint8),
        ("download", c_uint8),
        ("optimal_stream_type", c_uint8),
        ("reserved", c_uint8 * 20),
    ]


class LocalPath(Structure):
    """Where the folder of the library's components lies."""

    __slots__ = ()
    _fields_: ClassVar = [("path", c_char * 256), ("reserved", c_byte * 128)]


class TimePoint(Structure):
    """A moment of every year: month from 0, week from 0 with 4 the last, Sunday is 0."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("month", c_uint32),
        ("week", c_uint32),
        ("weekday", c_uint32),
        ("hour", c_uint32),
        ("minute", c_uint32),
    ]


class DaylightSaving(Structure):
    """When the device's clock is put forward and back, and by how many minutes."""

    __slots__ = ()
    _fields_: ClassVar = [
        ("size", c_uint32),
        ("reserved1", c_uint8 * 16),
        ("is_enabled", c_uint32),
        ("bias_minutes", c_uint8),
        ("reserved2", c_uint8 * 3),
        ("begin", TimePoint),
        ("end", TimePoint),
    ]
