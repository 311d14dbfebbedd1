"""The api as a process of its own, on real servers."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from cryptography.fernet import Fernet

from services.api.keys import create_key
from services.api.migrate import migrate
from tests.infra import Infra
from tools.local.ports import free_port


async def eventually(check: Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    """Wait for a condition; a check that cannot be made yet counts as false."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if await check():
                    return
            await asyncio.sleep(0.05)


@dataclass
class Service:
    """The api as a process."""

    environment: dict[str, str]
    folder: Path
    key: str
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self.folder / "api.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.api",
                env={**self.environment, "EVERFRAME_API_PORT": str(self.port)},
                stderr=log,
            )
        await eventually(self.answers)

    async def answers(self) -> bool:
        async with self.client() as client:
            return (await client.get("/api/v1/version")).status_code == 200

    async def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", headers={"X-API-Key": self.key}
        )

    @property
    def log(self) -> str:
        return (self.folder / "api.log").read_text()


@contextlib.asynccontextmanager
async def running_service(
    dsn: str, nats_url: str, *, infra: Infra, bucket: str, folder: Path
) -> AsyncIterator[Service]:
    """Migrate the database, start the api and stop it afterwards."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    key = await create_key(connection, "test")
    await connection.close()
    settings = {
        "PATH": os.environ["PATH"],
        "EVERFRAME_API_PG_DSN": dsn,
        "EVERFRAME_API_NATS_URL": nats_url,
        "EVERFRAME_API_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "EVERFRAME_API_SIGNING_KEY": "s" * 40,
        "EVERFRAME_API_LIVE_KEY": "l" * 40,
        "EVERFRAME_API_SESSION_KEY": "b" * 40,
        "EVERFRAME_API_REQUESTS_PER_MINUTE": "1000000",
        "EVERFRAME_API_S3_ENDPOINT": infra.s3_endpoint,
        "EVERFRAME_API_S3_ACCESS_KEY": infra.s3_root.access_key,
        "EVERFRAME_API_S3_SECRET_KEY": infra.s3_root.secret_key,
        "EVERFRAME_API_S3_BUCKET": bucket,
    }
    running = Service(settings, folder, key)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()
