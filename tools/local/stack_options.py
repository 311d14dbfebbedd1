"""What differs between `up`, `demo` and tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.local.ports import Ports, free_port, free_ports

DEFAULT_API_PORT = 8080
DEFAULT_HEALTH_PORT = 18080
DEFAULT_STREAMER_PORT = 8090

UNLIMITED = {
    "EVERFRAME_API_REQUESTS_PER_MINUTE": "1000000",
    "EVERFRAME_API_MEDIA_REQUESTS_PER_MINUTE": "1000000",
}
"""For those who measure or test, and ask all the time."""


@dataclass(frozen=True)
class StackOptions:
    """What differs between `up`, `demo` and tests."""

    data: Path
    ports: Ports = field(default_factory=Ports)
    api_port: int = DEFAULT_API_PORT
    health_port: int = DEFAULT_HEALTH_PORT
    """Of the api; recorder N listens N above, streamer N 100 + N, discovery 201. 0: free ports."""
    streamer_port: int = DEFAULT_STREAMER_PORT
    """Of the first streamer; the others follow. 0: free ports."""
    recorders: int = 1
    streamers: int = 1
    discoverers: int = 1
    """Instances of discovery: 0 or 1."""
    allow_loopback_cameras: bool = False
    durable: bool = True
    recorder_env: Mapping[str, str] = field(default_factory=dict)
    """More settings for every recorder."""
    api_env: Mapping[str, str] = field(default_factory=dict)
    """More settings for the api."""
    discovery_env: Mapping[str, str] = field(default_factory=dict)
    streamer_env: Mapping[str, str] = field(default_factory=dict)
    """More settings for every streamer."""

    @classmethod
    def for_tests(
        cls,
        data: Path,
        *,
        recorders: int = 1,
        streamers: int = 0,
        discoverers: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> "StackOptions":
        """Free ports everywhere, cameras on loopback, no rate limit, no fsync in PostgreSQL.

        `env` is the recorders'.
        """
        return cls(
            data=data,
            ports=free_ports(),
            api_port=free_port(),
            health_port=0,
            streamer_port=0,
            recorders=recorders,
            streamers=streamers,
            discoverers=discoverers,
            allow_loopback_cameras=True,
            durable=False,
            recorder_env=env or {},
            api_env=UNLIMITED,
        )
