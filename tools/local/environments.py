"""The environment that each service of an installation gets."""

import os
from collections.abc import Sequence

from libs.storage.provision import S3User
from tools.local.ports import LOOPBACK
from tools.local.servers import LocalServers
from tools.local.stack_options import StackOptions


class Environments:
    """Settings of the services as variables; ask only when the servers run.

    What the launcher itself was given for a service wins over its defaults, and what the options
    give wins over both.
    """

    def __init__(
        self, options: StackOptions, servers: LocalServers, streamer_urls: Sequence[str]
    ) -> None:
        self._options = options
        self._servers = servers
        self._streamer_urls = streamer_urls

    @property
    def nats_url(self) -> str:
        """Address of the bus, without a login."""
        return f"nats://{LOOPBACK}:{self._options.ports.nats}"

    def api(self) -> dict[str, str]:
        """Return the api's, which its commands get, too."""
        ends, secrets = self._servers.endpoints, self._servers.secrets
        env = self._bus("API", ends.nats.api) | self._store("API", ends.s3_api)
        env["EVERFRAME_API_PG_DSN"] = ends.pg_dsn
        env["EVERFRAME_API_SIGNING_KEY"] = secrets.signing_key
        env["EVERFRAME_API_SESSION_KEY"] = secrets.session_key
        env["EVERFRAME_API_LIVE_KEY"] = secrets.live_key
        env["EVERFRAME_API_STREAMER_URLS"] = ",".join(self._streamer_urls)
        env["EVERFRAME_API_PORT"] = str(self._options.api_port)
        allow = self._options.allow_loopback_cameras
        env["EVERFRAME_API_ALLOW_LOOPBACK_CAMERAS"] = str(allow).lower()
        return env | _given("EVERFRAME_API_") | dict(self._options.api_env)

    def streamer(self, number: int) -> dict[str, str]:
        """Return streamer N's."""
        env = self._bus("STREAMER", self._servers.endpoints.nats.streamer)
        env["EVERFRAME_STREAMER_LIVE_KEY"] = self._servers.secrets.live_key
        env |= _given("EVERFRAME_STREAMER_") | dict(self._options.streamer_env)
        # Each has its own, and the api knows where they are.
        env["EVERFRAME_STREAMER_PORT"] = self._streamer_urls[number - 1].rpartition(":")[2]
        env["EVERFRAME_STREAMER_INSTANCE"] = str(number)
        return env

    def recorder(self, number: int) -> dict[str, str]:
        """Return recorder N's."""
        ends = self._servers.endpoints
        env = self._bus("RECORDER", ends.nats.recorder) | self._store("RECORDER", ends.s3_recorder)
        spool = self._servers.data.path / "spool" / f"recorder-{number}"
        env["EVERFRAME_RECORDER_SPOOL_DIR"] = str(spool)
        allow = self._options.allow_loopback_cameras
        env["EVERFRAME_RECORDER_ALLOW_LOOPBACK_CAMERAS"] = str(allow).lower()
        env["EVERFRAME_RECORDER_INSTANCE"] = str(number)
        return env | _given("EVERFRAME_RECORDER_") | dict(self._options.recorder_env)

    def discovery(self) -> dict[str, str]:
        """Return discovery's."""
        env = self._bus("DISCOVERY", self._servers.endpoints.nats.discovery)
        env["EVERFRAME_DISCOVERY_CREDENTIAL_KEYS"] = self._servers.secrets.credential_keys
        allow = self._options.allow_loopback_cameras
        env["EVERFRAME_DISCOVERY_ALLOW_LOOPBACK_CAMERAS"] = str(allow).lower()
        return env | _given("EVERFRAME_DISCOVERY_") | dict(self._options.discovery_env)

    def _bus(self, prefix: str, url: str) -> dict[str, str]:
        user, password = login(url)
        return {
            f"EVERFRAME_{prefix}_NATS_URL": self.nats_url,
            f"EVERFRAME_{prefix}_NATS_USER": user,
            f"EVERFRAME_{prefix}_NATS_PASSWORD": password,
            f"EVERFRAME_{prefix}_LOG_FORMAT": "json",
        }

    def _store(self, prefix: str, user: S3User) -> dict[str, str]:
        ends = self._servers.endpoints
        return {
            f"EVERFRAME_{prefix}_S3_ENDPOINT": ends.s3_endpoint,
            f"EVERFRAME_{prefix}_S3_ACCESS_KEY": user.access_key,
            f"EVERFRAME_{prefix}_S3_SECRET_KEY": user.secret_key,
            f"EVERFRAME_{prefix}_S3_BUCKET": ends.bucket,
            f"EVERFRAME_{prefix}_CREDENTIAL_KEYS": self._servers.secrets.credential_keys,
        }


def login(url: str) -> tuple[str, str]:
    """Split user and password out of `nats://user:password@host:port`."""
    found = url.removeprefix("nats://").rpartition("@")[0]
    user, _, password = found.partition(":")
    return user, password


def _given(prefix: str) -> dict[str, str]:
    """Return the settings in the launcher's own environment."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}
