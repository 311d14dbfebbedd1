"""All knobs of discovery."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from libs.contracts.ids import DEFAULT_SITE, Site
from libs.runtime.settings import ServiceSettings


class DiscoverySettings(ServiceSettings):
    """Environment: `EVERFRAME_DISCOVERY_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_DISCOVERY_")

    site: Site = DEFAULT_SITE
    """The site whose cameras and devices are watched."""
    credential_keys: SecretStr = SecretStr("")
    """Fernet keys that open camera and device credentials, newest first, separated by commas."""
    allow_loopback_cameras: bool = False
    """Probe and scan this machine's own addresses too; for demo and tests."""
    hcnetsdk_library: Path | None = None
    """Absolute path of the vendor's libhcnetsdk.so, with its HCNetSDKCom folder beside it."""

    # scanning
    multicast_interfaces: str = ""
    """IPv4 addresses of the interfaces that WS-Discovery probes are sent on, and that devices are
    heard on when they come or go, separated by commas; empty: none."""
    ws_discovery_port: int = Field(default=3702, ge=1, le=65535)
    """UDP port of WS-Discovery; devices listen on 3702."""
    scan_concurrency: int = Field(default=256, ge=1, le=1024)
    """Connections that a scan opens at the same time."""
    scan_connect_seconds: float = Field(default=1.0, gt=0, le=10)
    """How long a scanned address may take to accept a connection."""
    max_scan_addresses: int = Field(default=65_536, ge=1, le=1_048_576)
    """Larger scans are refused."""
    max_scan_seconds: float = Field(default=7200.0, gt=0)
    """A scan that takes longer is given up; what it has found stays."""
    device_timeout_seconds: float = Field(default=8.0, gt=0, le=60)
    """How long one answer of a device may take."""

    # health
    health_seconds: float = Field(default=60.0, ge=1, le=3600)
    """How often each camera is checked."""

    # stored footage
    footage_lookback_days: int = Field(default=30, ge=1, le=366)
    """How far back stored footage is listed."""
    footage_settle_seconds: float = Field(default=120.0, ge=1, le=3600)
    """A file that ends less than this before the device's now may still be growing."""
    leader_ttl_seconds: int = Field(default=6, ge=2, le=60)
    """A discovery instance that does not renew for this long gives way to another."""

    @field_validator("hcnetsdk_library")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("must be an absolute path")
        return value

    @property
    def interfaces(self) -> tuple[str, ...]:
        """`multicast_interfaces`, one by one."""
        return tuple(part.strip() for part in self.multicast_interfaces.split(",") if part.strip())
