"""What recorders said last of their cameras: proof of life that costs the camera nothing."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from libs.bus.keyvalue import Change, ChangeKind, KeyValue
from libs.contracts.ownership import RecordingProgress
from services.discovery.checks import is_fresh


@dataclass(frozen=True, slots=True)
class _Heard:
    progress: RecordingProgress
    at: float | None
    """Monotonic moment of its arrival; None when it lay there already."""
    revision: int


class RecorderNews:
    """Follows the recorders; `on_change` hears the key of a camera whose state changed."""

    def __init__(
        self,
        kv: KeyValue[RecordingProgress],
        *,
        on_change: Callable[[str], None],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._kv = kv
        self._on_change = on_change
        self._now = now
        self._monotonic = monotonic
        self._heard: dict[str, _Heard] = {}

    def fresh(self, key: str) -> RecordingProgress | None:
        """Return what a recorder said of a camera just now, None when none did."""
        heard = self._heard.get(key)
        if heard is None:
            return None
        monotonic, utc_now = self._monotonic(), self._now()
        is_new = is_fresh(heard.progress, heard.at, now=monotonic, utc_now=utc_now)
        return heard.progress if is_new else None

    async def follow(self) -> None:
        """Listen until cancelled."""
        is_old = True
        async with aclosing(self._kv.watch()) as changes:
            async for change in changes:
                if change.kind is ChangeKind.SNAPSHOT_DONE:
                    is_old = False
                elif change.value is not None:
                    self._hear(change, change.value, None if is_old else self._monotonic())
                elif self._heard.pop(change.key, None) is not None:
                    self._on_change(change.key)

    def _hear(
        self, change: Change[RecordingProgress], progress: RecordingProgress, at: float | None
    ) -> None:
        known = self._heard.get(change.key)
        if known is not None and known.revision == change.revision:
            return  # told again after an interruption
        self._heard[change.key] = _Heard(progress, at, change.revision)
        if known is None or known.progress.state is not progress.state:
            self._on_change(change.key)
