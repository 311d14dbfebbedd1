"""What viewers count within a window of measurement."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.live_fanout_playlist import Position

_LAG_STEP_SECONDS = 0.02


@dataclass
class Tally:
    """All viewers of one process together; nothing counts before `begin`."""

    is_open: bool = False
    delays_ms: list[float] = field(default_factory=list)
    """Of each part: when it was there, minus its end."""
    positions: set[Position] = field(default_factory=set)
    requests: int = 0
    bytes: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    lags_ms: list[float] = field(default_factory=list)

    def begin(self) -> None:
        """Forget and count from now."""
        self.delays_ms, self.lags_ms = [], []
        self.positions, self.errors = set(), Counter()
        self.requests = self.bytes = 0
        self.is_open = True

    def end(self) -> dict[str, Any]:
        """Stop counting; return a Report's fields."""
        self.is_open = False
        return asdict(
            Report(
                delays_ms=[round(delay, 1) for delay in self.delays_ms],
                lags_ms=[round(lag, 1) for lag in self.lags_ms],
                positions=len(self.positions),
                requests=self.requests,
                bytes=self.bytes,
                errors=dict(self.errors),
            )
        )

    def answered(self, size: int) -> None:
        """Count an answer or a message of `size` bytes."""
        if self.is_open:
            self.requests += 1
            self.bytes += size

    def part(self, position: Position, *, end: float, received_at: float) -> None:
        """Count a part; both times are Unix seconds."""
        if self.is_open:
            self.delays_ms.append((received_at - end) * 1000)
            self.positions.add(position)

    def failed(self, what: str, times: int = 1) -> None:
        """Count an error of one kind."""
        if self.is_open:
            self.errors[what] += times

    async def watch_lag(self) -> None:
        """Note how late this process itself is; runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_STEP_SECONDS
            await asyncio.sleep(_LAG_STEP_SECONDS)
            if self.is_open:
                self.lags_ms.append((loop.time() - due) * 1000)


@dataclass(frozen=True, slots=True)
class Report:
    """One process's window."""

    delays_ms: list[float]
    lags_ms: list[float]
    positions: int
    """Different parts that somebody got."""
    requests: int
    bytes: int
    errors: dict[str, int]
