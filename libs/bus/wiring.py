"""What one service says and hears; the bus refuses everything else."""

from dataclasses import dataclass
from typing import Any

from libs.contracts.messages import Ask, Event, Message


@dataclass(frozen=True)
class Wiring:
    """One service's declared messages; durable consumer, permissions and docs come from it."""

    service: str
    consumes: tuple[type[Event], ...] = ()
    """Events that reach the service's one durable consumer, all in stream order."""
    publishes: tuple[type[Event], ...] = ()
    watches: tuple[type[Message], ...] = ()
    """Messages whose key-value bucket is read."""
    writes: tuple[type[Message], ...] = ()
    """Messages whose key-value bucket is written (and may be read)."""
    asks: tuple[type[Ask[Any]], ...] = ()
    """Questions that the service puts to others."""
    answers: tuple[type[Ask[Any]], ...] = ()
    """Questions that it answers; one instance gets each."""
    sends_live: bool = False
    """Live parts are published."""
    follows_live: bool = False
    """Live parts are read."""
    ordered: bool = True
    """One event at a time: the next comes only when the one before it is finished."""

    @property
    def buckets(self) -> tuple[type[Message], ...]:
        """Every message class with a bucket that the service touches, each once."""
        return tuple(dict.fromkeys((*self.watches, *self.writes)))
