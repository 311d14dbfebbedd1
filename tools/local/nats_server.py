"""The NATS server of one machine: JetStream on disk, one user per service."""

import asyncio
import importlib
import json
import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from libs.bus.permissions import permissions
from libs.bus.wiring import Wiring
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessSpec
from tools.local.secret_file import Secrets

SETTING = "--nats-port"


@dataclass(frozen=True)
class NatsUsers:
    """Connection addresses with user and password, one per role."""

    admin: str
    api: str
    discovery: str
    recorder: str
    streamer: str


def nats_users(host: str, port: int, secrets: Secrets) -> NatsUsers:
    return NatsUsers(
        admin=f"nats://admin:{secrets.nats_admin}@{host}:{port}",
        api=f"nats://api:{secrets.nats_api}@{host}:{port}",
        discovery=f"nats://discovery:{secrets.nats_discovery}@{host}:{port}",
        recorder=f"nats://recorder:{secrets.nats_recorder}@{host}:{port}",
        streamer=f"nats://streamer:{secrets.nats_streamer}@{host}:{port}",
    )


def nats_config(*, listen: str, store: str, secrets: Secrets, max_file_store: str = "20GB") -> str:
    """Server configuration; it holds passwords, so keep the file private."""
    users = [
        {"user": "admin", "password": secrets.nats_admin},
        _user("api", secrets.nats_api),
        _user("discovery", secrets.nats_discovery),
        _user("recorder", secrets.nats_recorder),
        _user("streamer", secrets.nats_streamer),
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


def _user(service: str, password: str) -> dict[str, object]:
    """Return a user who may do what the wiring of its service says."""
    # By name, because tools and services do not import each other.
    wiring: Wiring = importlib.import_module(f"services.{service}.wiring").WIRING
    allowed = permissions(wiring)
    return {
        "user": service,
        "password": password,
        "permissions": {
            "publish": {"allow": allowed.publish},
            "subscribe": {"allow": allowed.subscribe},
            **({"allow_responses": True} if allowed.may_answer else {}),
        },
    }


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
