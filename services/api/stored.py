"""Desired state as the database keeps it, whatever it is about."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig

if TYPE_CHECKING:
    from services.api.database import Connection


ConfigT = TypeVar("ConfigT", CameraConfig, DeviceConfig)


@dataclass(frozen=True)
class Stored(Generic[ConfigT]):
    """A camera or device as the database holds it."""

    config: ConfigT
    published_version: int | None
    created_at: datetime
    deleted_at: datetime | None

    @property
    def is_published(self) -> bool:
        """Whether those who read it from the bus can know the newest version."""
        return self.published_version == self.config.version


@dataclass(frozen=True)
class Source(Generic[ConfigT]):
    """How one kind of desired state is read and written; keeps its bucket level."""

    kind: str
    """`camera` or `device`; for logs and metrics."""
    id_of: Callable[[ConfigT], str]
    read_all: "Callable[[Connection], Awaitable[Sequence[Stored[ConfigT]]]]"
    """Everything, also what was deleted."""
    read_one: "Callable[[Connection, str], Awaitable[Stored[ConfigT] | None]]"
    insert: "Callable[[Connection, ConfigT], Awaitable[None]]"
    table: str

    async def note_published(self, db: "Connection", row_id: str, version: int) -> None:
        """Note which version is on the bus."""
        # the names come from this code, never from a caller
        await db.execute(
            f"update {self.table} set published_version = $2 where {self.kind}_id = $1",  # noqa: S608
            row_id,
            version,
        )

    async def outbid_version(self, db: "Connection", row_id: str, *, own: int, other: int) -> None:
        """Raise a version above one that others have seen.

        The bus holds a higher one than the database, which was restored from a backup; unless it
        was changed meanwhile.
        """
        await db.execute(
            f"update {self.table} set version = $3 + 1 "  # noqa: S608 - as above
            f"where {self.kind}_id = $1 and version = $2",
            row_id,
            own,
            other,
        )
