"""An uploader with a store and a bus in memory, which may fail or be killed at any step."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from pydantic import ByteSize

from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.messages import Event
from libs.contracts.recordings import RecordingCompleted
from libs.storage.objects import StoredObject
from libs.storage.store import BINARY
from libs.storage.testing import MemoryObjectStore
from services.recorder.ledger import Gap
from services.recorder.recovery import recover_spool
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool, SpoolEntry
from services.recorder.uploader import Uploader
from services.recorder.wiring import WIRING
from tests.waiting import running


class Killed(BaseException):
    """The process ends here."""


class Fate:
    """Kills at the given step; each thing that reaches disk, store or bus is a step or two."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.kill_at = kill_at
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.kill_at is not None and self.steps >= self.kill_at:
            raise Killed


class FatefulSpool(Spool):
    """Dies before or after a change."""

    def __init__(self, root: Path, fate: Fate) -> None:
        super().__init__(root)
        self.fate = fate

    def save(self, entry: SpoolEntry, *, sync: bool = False) -> None:
        self.fate.step()
        super().save(entry, sync=sync)
        self.fate.step()

    def truncate(self, entry: SpoolEntry) -> None:
        self.fate.step()
        super().truncate(entry)
        self.fate.step()

    def remove(self, entry: SpoolEntry) -> None:
        self.fate.step()
        self.media_path(entry).unlink(missing_ok=True)
        self.fate.step()
        super().remove(entry)
        self.fate.step()


class Store(MemoryObjectStore):
    """Remembers uploads in order; refuses some keys; can be made slow."""

    def __init__(self, fate: Fate | None = None) -> None:
        super().__init__()
        self.fate = fate or Fate()
        self.puts: list[str] = []
        self.refused: dict[str, Exception] = {}
        self.attempts: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
        sha256: str | None = None,
    ) -> StoredObject:
        self.fate.step()
        self.attempts.append(key)
        await self.open.wait()
        if key in self.refused:
            raise self.refused[key]
        stored = await super().put_file(
            key, path, content_type=content_type, metadata=metadata, sha256=sha256
        )
        self.puts.append(key)
        self.fate.step()
        return stored

    def lose(self, key: str) -> None:
        """Forget an object that was acknowledged."""
        del self.contents[key], self.stats[key]


class FatefulBus(FakeBus):
    """Dies before or after an event is stored."""

    fate = Fate()

    async def publish(self, event: Event) -> None:
        self.fate.step()
        await super().publish(event)
        self.fate.step()


class World:
    """What outlives the recorder's process: spool directory, store, bus, announced gaps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = Spool(root)
        self.store = Store()
        self.broker = FakeBroker()
        self.gaps: list[Gap] = []

    def uploader(
        self,
        fate: Fate | None = None,
        *,
        keep_seconds: float = 0.0,
        max_bytes: int = 1 << 30,
        concurrency: int = 1,
    ) -> Uploader:
        """A new process's uploader, which has nothing yet."""
        fate = fate or Fate()
        self.store.fate = fate
        bus = FatefulBus(self.broker, WIRING)
        bus.fate = fate

        def on_gap(_entry: SpoolEntry, gap: Gap) -> None:
            fate.step()
            self.gaps.append(gap)
            fate.step()

        # not validated: sizes below what a person may set
        settings = RecorderSettings.model_construct(
            spool_max_bytes=ByteSize(max_bytes),
            spool_min_free_bytes=ByteSize(0),
            spool_keep_seconds=keep_seconds,
            upload_concurrency=concurrency,
        )
        return Uploader(
            FatefulSpool(self.root, fate),
            self.store,
            bus,
            settings,
            on_gap=on_gap,
            housekeeping_seconds=0.02,
            idle_seconds=0.05,
        )

    def recover_into(self, uploader: Uploader) -> None:
        """As the recorder does at its start."""
        for entry, gap in list(recover_spool(self.spool)):
            if gap is None:
                uploader.add(entry)
            else:
                self.gaps.append(gap)
                self.spool.remove(entry)

    def announced(self) -> list[str]:
        """Object keys in the order of their events."""
        events = self.broker.published(RecordingCompleted)
        return [e.object_key for e in events if isinstance(e, RecordingCompleted)]

    @contextlib.asynccontextmanager
    async def life(self, uploader: Uploader) -> AsyncIterator[None]:
        async with running(uploader.run()):
            yield
