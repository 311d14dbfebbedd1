"""The three servers of a one-machine installation, started and stopped together."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from libs.storage.provision import S3User
from tools.local.data_dir import DataDir
from tools.local.nats_server import NatsServer, NatsUsers
from tools.local.object_store import BUCKET, S3Server
from tools.local.ports import Ports
from tools.local.postgres import PostgresServer
from tools.local.processes import ManagedProcess
from tools.local.secret_file import Secrets


@dataclass(frozen=True)
class Endpoints:
    """Where the servers are and with what the services log in."""

    nats: NatsUsers
    pg_dsn: str
    """Database `everframe` as role `api`, which owns it."""
    pg_admin_dsn: str
    """Database `postgres` as superuser."""
    s3_endpoint: str
    """host:port, plain HTTP."""
    s3_root: S3User
    s3_api: S3User
    s3_recorder: S3User
    bucket: str


class LocalServers:
    """Owns the data directory and the servers in it.

    `account` is whom PostgreSQL runs as when the launcher is root; `durable=False` lets
    PostgreSQL skip fsync, for tests.
    """

    def __init__(
        self,
        data: Path,
        *,
        ports: Ports | None = None,
        account: str = "nobody",
        durable: bool = True,
    ) -> None:
        self.data = DataDir(data)
        self._ports = ports or Ports()
        self._account = account
        self._durable = durable
        self._running: _Running | None = None

    async def start(self) -> Endpoints:
        """Start all three at once; on failure none is left running.

        Raises DataDirInUse, DataDirUnusable, PortBusy, ProcessError, SecretFileDamaged or
        AccountUnknown, each with a message for the person at the terminal.
        """
        self.data.lock()
        try:
            self._running = self._build(Secrets.load_or_create(self.data.secrets))
            await self._running.start()
        except BaseException:
            await self.stop()
            raise
        return self.endpoints

    async def stop(self) -> None:
        """Stop all three and give the data directory back; may be called twice."""
        if self._running is not None:
            await self._running.stop()
        self.data.unlock()

    @property
    def secrets(self) -> Secrets:
        return self._known.secrets

    @property
    def endpoints(self) -> Endpoints:
        nats, postgres, s3 = self._known.nats, self._known.postgres, self._known.s3
        return Endpoints(
            nats=nats.users,
            pg_dsn=postgres.dsn,
            pg_admin_dsn=postgres.admin_dsn,
            s3_endpoint=s3.endpoint,
            s3_root=s3.root,
            s3_api=s3.api,
            s3_recorder=s3.recorder,
            bucket=BUCKET,
        )

    @property
    def nats(self) -> ManagedProcess:
        return self._known.nats.process

    @property
    def postgres(self) -> ManagedProcess:
        return self._known.postgres.process

    @property
    def s3(self) -> ManagedProcess:
        return self._known.s3.process

    @property
    def processes(self) -> tuple[ManagedProcess, ...]:
        return (self.nats, self.postgres, self.s3)

    @property
    def _known(self) -> "_Running":
        if self._running is None:
            raise RuntimeError("the servers were never started")
        return self._running

    def _build(self, secrets: Secrets) -> "_Running":
        folder, logs, ports = self.data.path, self.data.logs, self._ports
        return _Running(
            secrets=secrets,
            nats=NatsServer(
                folder / "nats", port=ports.nats, secrets=secrets, log=logs / "nats.log"
            ),
            postgres=PostgresServer(
                folder / "postgres",
                port=ports.postgres,
                secrets=secrets,
                log=logs / "postgres.log",
                account=self._account,
                durable=self._durable,
            ),
            s3=S3Server(
                folder / "s3",
                port=ports.s3,
                metrics_port=ports.s3_metrics,
                secrets=secrets,
                log=logs / "s3.log",
            ),
        )


@dataclass(frozen=True)
class _Running:
    secrets: Secrets
    nats: NatsServer
    postgres: PostgresServer
    s3: S3Server

    async def start(self) -> None:
        results = await asyncio.gather(
            self.nats.start(), self.postgres.start(), self.s3.start(), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def stop(self) -> None:
        await asyncio.gather(self.nats.stop(), self.postgres.stop(), self.s3.stop())
