"""The library's functions: what they take, what they return, and how they fail.

Plain C names on Linux; LONG and BOOL are 32 bits wide. No callback is ever handed over.
"""

import ctypes
from collections.abc import Callable, Mapping
from ctypes import POINTER, c_char_p, c_int32, c_uint32, c_void_p
from typing import Any, Final

from libs.devices.hcnetsdk.structs import (
    DeviceInfoV40,
    FileCondition,
    FoundFile,
    LoginInfo,
)

CType = Any
"""A ctypes type; they have no common base that annotations could name."""

_BOOL, _LONG, _DWORD = c_int32, c_int32, c_uint32

SIGNATURES: Final[Mapping[str, tuple[CType, tuple[CType, ...]]]] = {
    # the library itself
    "NET_DVR_Init": (_BOOL, ()),
    "NET_DVR_Cleanup": (_BOOL, ()),
    "NET_DVR_SetConnectTime": (_BOOL, (_DWORD, _DWORD)),
    "NET_DVR_SetReconnect": (_BOOL, (_DWORD, _BOOL)),
    "NET_DVR_SetRecvTimeOut": (_BOOL, (_DWORD,)),
    "NET_DVR_SetLogToFile": (_BOOL, (_DWORD, c_char_p, _BOOL)),
    "NET_DVR_GetSDKBuildVersion": (_DWORD, ()),
    "NET_DVR_SetSDKInitCfg": (_BOOL, (c_int32, c_void_p)),
    "NET_DVR_GetLastError": (_DWORD, ()),
    # one device
    "NET_DVR_Login_V40": (_LONG, (POINTER(LoginInfo), POINTER(DeviceInfoV40))),
    "NET_DVR_Logout": (_BOOL, (_LONG,)),
    "NET_DVR_GetDVRConfig": (
        _BOOL,
        (_LONG, _DWORD, _LONG, c_void_p, _DWORD, POINTER(_DWORD)),
    ),
    # its footage
    "NET_DVR_FindFile_V40": (_LONG, (_LONG, POINTER(FileCondition))),
    "NET_DVR_FindNextFile_V40": (_LONG, (_LONG, POINTER(FoundFile))),
    "NET_DVR_FindClose_V30": (_BOOL, (_LONG,)),
}
"""Result and arguments of everything that is called."""


class SdkFailure(Exception):
    """A function of the library failed; `code` is its own number for why."""

    def __init__(
        self,
        function: str,
        code: int,
        *,
        tries_left: int | None = None,
        locked_seconds: int | None = None,
    ) -> None:
        super().__init__(f"{function}: error {code}")
        self.function = function
        self.code = code
        self.tries_left = tries_left
        """Logins that are left before the account is locked; None where it is not told."""
        self.locked_seconds = locked_seconds
        """How long the account stays locked; None where it is not, or not told."""


class NotTheLibrary(Exception):
    """The file can be loaded but lacks functions that are needed."""


class Functions:
    """The library's functions, each callable by its name without the prefix."""

    def __init__(self, library: ctypes.CDLL) -> None:
        missing = [name for name in SIGNATURES if not hasattr(library, name)]
        if missing:
            raise NotTheLibrary(f"no function {missing[0]} in it")
        self._functions: dict[str, Callable[..., int]] = {}
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            self._functions[name] = function

    def call(self, name: str, *arguments: object) -> int:
        """Call `NET_DVR_<name>` and return what it returns."""
        return self._functions[f"NET_DVR_{name}"](*arguments)

    def succeed(self, name: str, *arguments: object) -> None:
        """Call a function that returns whether it worked; raises SdkFailure when not."""
        if not self.call(name, *arguments):
            raise self.failure(name)

    def handle(self, name: str, *arguments: object) -> int:
        """Call a function that returns a handle; raises SdkFailure when it returns none."""
        handle = self.call(name, *arguments)
        if handle < 0:
            raise self.failure(name)
        return handle

    def failure(self, name: str) -> SdkFailure:
        """Return why the last call of this thread failed; ask at once, the next call forgets."""
        return SdkFailure(name, self.call("GetLastError"))
