"""The process that the vendor's library lives in, so that it may crash or hang there alone.

`python -m libs.devices.hcnetsdk.worker <library>` answers requests on its standard input until
that ends. It imports nothing but the standard library, so it starts fast. Logins come over the
pipe, never as an argument or in the environment, and nothing is ever logged here.
"""

import contextlib
import ctypes
import os
import resource
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

from libs.devices.hcnetsdk import frames
from libs.devices.hcnetsdk.functions import Functions, NotTheLibrary, SdkFailure
from libs.devices.hcnetsdk.layouts import LayoutMismatch, check_all_layouts
from libs.devices.hcnetsdk.sdk import BadLogin, Sdk
from libs.devices.hcnetsdk.search import Nonsense, SearchStalled

THREADS: Final = 8
"""How many devices are spoken to at a time."""

_CONNECT_MS: Final = 3000
_RECEIVE_MS: Final = 5000
_GOODBYE_SECONDS: Final = 2.0
_SESSION_GONE: Final = frozenset({47, 102})
"""The device, or the library, has forgotten the user: a new login is needed."""
_CONNECTION_GONE: Final = frozenset({7, 8, 9, 10, 44, 73})
"""The login does not survive this: the library is told never to log in again by itself."""


class UnknownSession(Exception):
    """There is no such login here, or not any more."""


class Worker:
    """Answers requests; each runs in a thread, and GetLastError is asked on the same one."""

    def __init__(
        self,
        sdk: Sdk,
        *,
        send: Callable[[dict[str, Any]], None],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._sdk = sdk
        self._send = send
        self._later = later
        self._users: dict[str, tuple[int, dict[str, Any]]] = {}
        self._operations: dict[str, Callable[..., object]] = {
            "login": self._login,
            "logout": self._logout,
            "time": self._with_user(sdk.local_time),
            "daylight_saving": self._with_user(sdk.daylight_saving),
            "find": self._with_user(sdk.find),
        }

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked and send the answer; raises nothing."""
        try:
            done = self._operations[request["op"]](**request["arguments"])
        except Exception as error:  # noqa: BLE001 - the pipe is the only place to report to
            self._send({"id": request.get("id"), "error": _described(error)})
        else:
            self._send({"id": request["id"], "done": done})

    def say_goodbye(self) -> None:
        """Log out everywhere, as far as devices still answer."""
        for session in list(self._users):
            try:
                self._logout(session=session)
            except SdkFailure:
                continue
        self._sdk.close()

    def _login(
        self, *, session: str, host: str, port: int, username: str, password: str
    ) -> dict[str, Any]:
        # The answer to an earlier login may have come too late for who asked: it is reused.
        if session not in self._users:
            user, told = self._sdk.login(host, port, username, password)
            self._users[session] = user, asdict(told)
        return self._users[session][1]

    def _logout(self, *, session: str) -> None:
        user, _ = self._users.pop(session, (None, None))
        if user is not None:
            self._sdk.logout(user)

    def _with_user(self, operation: Callable[..., object]) -> Callable[..., object]:
        def run(*, session: str, **arguments: Any) -> object:
            if session not in self._users:
                raise UnknownSession
            try:
                return operation(self._users[session][0], **arguments)
            except SdkFailure as error:
                if error.code in _CONNECTION_GONE | _SESSION_GONE:
                    self._forget(session)
                if error.code in _SESSION_GONE:
                    raise UnknownSession from error
                raise

        return run

    def _forget(self, session: str) -> None:
        user, _ = self._users.pop(session)

        def free() -> None:
            with contextlib.suppress(SdkFailure):
                self._sdk.logout(user)

        # Logging out frees the library's user number, and may wait for the dead connection.
        self._later(free)


def _described(error: Exception) -> dict[str, Any]:
    match error:
        case SdkFailure():
            return {
                "kind": "sdk",
                "function": error.function,
                "code": error.code,
                "tries_left": error.tries_left,
                "locked_seconds": error.locked_seconds,
            }
        case UnknownSession():
            return {"kind": "session"}
        case SearchStalled():
            return {"kind": "stalled"}
        case Nonsense():
            return {"kind": "protocol", "text": str(error)}
        case BadLogin():
            return {"kind": "login", "text": str(error)}
    return {"kind": "internal", "text": type(error).__name__}


def load(library: Path) -> tuple[Sdk, str]:
    """Load and initialise the library; return it and its version. Raises what can go wrong."""
    check_all_layouts()
    sdk = Sdk(Functions(ctypes.CDLL(str(library))))
    return sdk, sdk.open(library, connect_ms=_CONNECT_MS, receive_ms=_RECEIVE_MS)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    # The library may print: what was standard output becomes ours alone, its prints go nowhere.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers


def _serve(library: Path, requests: BinaryIO, answers: BinaryIO) -> None:
    # The library is called in the pool alone, so that this thread always sees its input end.
    pool = ThreadPoolExecutor(THREADS)
    answering = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with answering:
            answers.write(frames.encode(message))
            answers.flush()

    def start() -> Worker | None:
        try:
            sdk, version = load(library)
        except (OSError, NotTheLibrary, LayoutMismatch, SdkFailure, BadLogin) as error:
            send({"failed": str(error)[:300]})
            return None
        send({"ready": version})
        return Worker(sdk, send=send, later=pool.submit)

    starting = pool.submit(start)
    while (request := frames.read(requests)) is not None:
        if (worker := starting.result()) is None:
            return
        pool.submit(worker.answer, request)
    goodbye = threading.Thread(target=lambda: _leave(starting), daemon=True)
    goodbye.start()
    goodbye.join(_GOODBYE_SECONDS)


def _leave(starting: Future[Worker | None]) -> None:
    if (worker := starting.result()) is not None:
        worker.say_goodbye()


def main() -> None:
    """Serve until standard input ends, then leave at once, whatever still hangs."""
    # A core file would hold passwords.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = _own_pipes()
    try:
        _serve(Path(sys.argv[1]), requests, answers)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
