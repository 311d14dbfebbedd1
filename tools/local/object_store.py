"""The S3 server of one machine: the juicefs gateway over local files, one key per service."""

import asyncio
import sysconfig
from pathlib import Path

from libs.storage.provision import Grant, S3User, provision
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessError, ProcessSpec
from tools.local.secret_file import Secrets

SETTING = "--s3-port"
METRICS_SETTING = "--s3-metrics-port"
ROOT = "everframe"
BUCKET = "everframe"


class S3Server:
    """A juicefs gateway on loopback with metadata and blocks in `folder`.

    `capacity_gib` bounds what it stores; above it, writing fails and reading goes on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        metrics_port: int,
        secrets: Secrets,
        log: Path | None = None,
        capacity_gib: int | None = None,
    ) -> None:
        self.endpoint = f"{LOOPBACK}:{port}"
        self.root = S3User(ROOT, secrets.s3_root)
        self.api = S3User("api", secrets.s3_api)
        self.recorder = S3User("recorder", secrets.s3_recorder)
        self._folder = folder
        self._ports = {SETTING: port, METRICS_SETTING: metrics_port}
        self._log = log or folder / "s3.log"
        self._capacity_gib = capacity_gib
        self._meta = f"sqlite3://{folder / 'meta.db'}"
        self.process = ManagedProcess(self._gateway(port, metrics_port))

    async def start(self) -> None:
        """Start until it answers and the keys work; raises PortBusy, ProcessError."""
        for setting, port in self._ports.items():
            await ensure_free(port, wanted_by="the S3 server", setting=setting)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._format()
        await self.process.start()
        grants = (
            Grant(self.recorder, "everframe-recorder", can_write=True),
            Grant(self.api, "everframe-api", can_write=False),
        )
        await provision(self.endpoint, self.root, bucket=BUCKET, grants=grants)

    async def stop(self) -> None:
        await self.process.stop()

    async def _format(self) -> None:
        """Create the volume; repeating it changes nothing."""
        limit = () if self._capacity_gib is None else ("--capacity", str(self._capacity_gib))
        command = (
            "format", "--storage", "file", "--bucket", f"{self._folder / 'blocks'}/",
            "--trash-days", "0", *limit, self._meta, "everframe",
        )  # fmt: skip
        process = ManagedProcess(self._spec("juicefs format", command))
        try:
            await process.start()
            if code := await process.wait():
                raise ProcessError(process, f"failed with code {code}")
        finally:
            await process.kill()

    def _gateway(self, port: int, metrics_port: int) -> ProcessSpec:
        command = (
            "gateway", "--no-usage-report", "--no-banner", "--multi-buckets", "--keep-etag",
            "--object-tag", "--object-meta", "--log", str(self._log.with_name("s3-gateway.log")),
            "--cache-dir", str(self._folder / "cache"), "--cache-size", "0",
            "--buffer-size", "100",
            # The default read-ahead makes range reads four times slower.
            "--max-readahead", "1", "--prefetch", "0",
            # On a full disk the default number of retries blocks a PUT for a minute.
            "--io-retries", "1",
            "--backup-meta", "0", "--metrics", f"{LOOPBACK}:{metrics_port}",
            self._meta, f"{LOOPBACK}:{port}",
        )  # fmt: skip
        return self._spec("juicefs gateway", command, is_server=True)

    def _spec(self, name: str, command: tuple[str, ...], *, is_server: bool = False) -> ProcessSpec:
        return ProcessSpec(
            name=name,
            argv=(str(Path(sysconfig.get_path("scripts")) / "juicefs"), "--no-agent", *command),
            cwd=self._folder,
            log=self._log,
            env={
                "MINIO_ROOT_USER": self.root.access_key,
                "MINIO_ROOT_PASSWORD": self.root.secret_key,
                "HOME": str(self._folder),
                "GOMEMLIMIT": "300MiB",
            },
            ready=self._answers if is_server else None,
        )

    async def _answers(self) -> bool:
        host, port = self.endpoint.split(":")
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(host, int(port))
                try:
                    writer.write(
                        b"GET /minio/health/live HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n"
                    )
                    status = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in status
