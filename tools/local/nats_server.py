"""The NATS server of one machine: JetStream on disk, one user per service."""

import asyncio
import json
import os
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessSpec
from tools.local.secret_file import Secrets

SETTING = "--nats-port"
# Reading streams. They are declared by the deploy step as `admin`; only the stream of live parts,
# which a restart takes away, is made anew by its publisher.
READ = (
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.>",
    "$JS.ACK.>",
    "$JS.FC.>",
)
MAKE_LIVE_ANEW = "$JS.API.STREAM.CREATE.LIVE"
# What every service needs besides: its messages, KV, replies.
PUBLISH = ("everframe.>", "$KV.>", "$SRV.>", "_INBOX.>", *READ)
STREAMER_PUBLISH = (
    "everframe.evt.viewing-started.>",
    "everframe.evt.viewing-stopped.>",
    "$KV.demand.>",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.KV_demand",
    "$JS.API.STREAM.MSG.GET.KV_progress",
    "$JS.API.DIRECT.GET.LIVE.>",
    "$JS.API.CONSUMER.CREATE.KV_demand",
    "$JS.API.CONSUMER.CREATE.KV_progress",
    "$JS.API.CONSUMER.CREATE.LIVE",
    "$JS.FC.>",
)
SUBSCRIBE = ("everframe.>", "$JS.EVENT.ADVISORY.>", "$KV.>", "$SRV.>", "_INBOX.>")


@dataclass(frozen=True)
class NatsUsers:
    """Connection addresses with user and password, one per role."""

    admin: str
    api: str
    recorder: str
    streamer: str


def nats_users(host: str, port: int, secrets: Secrets) -> NatsUsers:
    return NatsUsers(
        admin=f"nats://admin:{secrets.nats_admin}@{host}:{port}",
        api=f"nats://api:{secrets.nats_api}@{host}:{port}",
        recorder=f"nats://recorder:{secrets.nats_recorder}@{host}:{port}",
        streamer=f"nats://streamer:{secrets.nats_streamer}@{host}:{port}",
    )


def nats_config(*, listen: str, store: str, secrets: Secrets, max_file_store: str = "20GB") -> str:
    """Server configuration; it holds passwords, so keep the file private."""
    users = [
        {"user": "admin", "password": secrets.nats_admin},
        _user(
            "api",
            secrets.nats_api,
            publish=PUBLISH,
            closed=(
                "everframe.live.>",
                *_buckets("owner", "presence", "progress", "demand", "live"),
            ),
        ),
        _user(
            "recorder",
            secrets.nats_recorder,
            publish=(*PUBLISH, MAKE_LIVE_ANEW),
            closed=_buckets("cameras", "demand"),
        ),
        _user(
            "streamer",
            secrets.nats_streamer,
            publish=STREAMER_PUBLISH,
            subscribe=("_INBOX.streamer.>",),
        ),
    ]
    return f"""# Written by the launcher at every start.
server_name: everframe
listen: "{listen}"
# A live part of a camera with a very high bitrate.
max_payload: 8MB
jetstream {{
  store_dir: {json.dumps(store)}
  # The default acknowledges up to two minutes before it syncs.
  sync_interval: always
  max_file_store: {max_file_store}
  max_memory_store: 2GB
}}
authorization {{ users: {json.dumps(users)} }}
"""


def _user(
    user: str,
    password: str,
    *,
    publish: Sequence[str],
    closed: Sequence[str] = (),
    subscribe: Sequence[str] = SUBSCRIBE,
) -> dict[str, object]:
    """A service that may publish some subjects, except what is closed to it."""
    return {
        "user": user,
        "password": password,
        "permissions": {
            "publish": {"allow": publish, "deny": closed},
            "subscribe": {"allow": subscribe},
        },
    }


def _buckets(*names: str) -> tuple[str, ...]:
    """Return the subjects of these KV buckets."""
    return tuple(f"$KV.{name}.>" for name in names)


class NatsServer:
    """A nats-server on loopback with its store in `folder`."""

    def __init__(
        self, folder: Path, *, port: int, secrets: Secrets, log: Path | None = None
    ) -> None:
        self.port = port
        self.users = nats_users(LOOPBACK, port, secrets)
        self._folder = folder
        self._secrets = secrets
        self.process = ManagedProcess(
            ProcessSpec(
                name="nats-server",
                argv=(_binary(), "-c", str(folder / "server.conf")),
                cwd=folder,
                log=log or folder / "nats.log",
                ready=self._answers,
            )
        )

    async def start(self) -> None:
        """Start until JetStream answers; raises PortBusy, ProcessError."""
        await ensure_free(self.port, wanted_by="the NATS server", setting=SETTING)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = nats_config(
            listen=f"{LOOPBACK}:{self.port}",
            store=str(self._folder / "jetstream"),
            secrets=self._secrets,
        )
        config = self._folder / "server.conf"
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        await self.process.start()

    async def stop(self) -> None:
        await self.process.stop()

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
                try:
                    greeting = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return greeting.startswith(b"INFO ") and b'"jetstream":true' in greeting


def _binary() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "nats-server")
