"""All knobs of the api service."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.runtime.settings import ServiceSettings, StoreSettings


class DatabaseSettings(ServiceSettings):
    """What the `migrate`, `keys` and `users` commands need: the database and nothing else."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_API_")

    pg_dsn: SecretStr
    """`postgresql://user:password@host:port/database`."""
    db_connect_seconds: float = Field(default=5.0, gt=0)
    """How long connecting to the database may take."""
    db_query_seconds: float = Field(default=10.0, gt=0)
    """How long one statement may take; the server ends it then."""
    db_connections: int = Field(default=10, ge=2, le=100)
    """Connections to the database at most."""


class SealingSettings(DatabaseSettings):
    """What the `rotate_credentials` command needs."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_API_")

    credential_keys: SecretStr
    """Fernet keys for camera credentials, newest first, separated by commas."""


class ApiSettings(SealingSettings, StoreSettings):
    """Everything the service needs."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_API_")

    host: str = "127.0.0.1"
    """Where the API listens; put TLS in front before it leaves the machine."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port of the API; 0 chooses a free one, named in the log."""
    signing_key: SecretStr = Field(min_length=32)
    """Signs media and playlist links; changing it ends every link that is out."""
    live_key: SecretStr = Field(min_length=32)
    """Signs live access tokens; the same as the streamers'. Changing it ends all live viewing."""
    session_key: SecretStr = Field(min_length=32)
    """Signs the short tokens that browsers hold; changing it makes them ask for new ones, and ends
    no session."""
    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses or networks, separated by commas, of proxies in front whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are believed."""
    requests_per_minute: int = Field(default=100, ge=1)
    """Requests that a user, a key, or an address without either may make; more are refused with
    429. As many may come at once."""
    media_requests_per_minute: int = Field(default=6000, ge=1)
    """The same for media, playlists and live video, which do not count above."""
    streamer_urls: str = ""
    """`http://host:port` of the streamers, separated by commas, to which live requests are passed
    on. Empty where viewers reach the streamers by another way."""
    web_dir: Path | None = None
    """Folder of the built web pages; unset: `web/dist` beside the code."""
    allow_loopback_cameras: bool = False
    """Accept camera URLs that point to this machine; for demonstrations and tests."""
    media_link_seconds: int = Field(default=6 * 3600, ge=60, le=86_400)
    """How long the media links in a playlist are valid, at least."""
    reconcile_seconds: float = Field(default=30.0, gt=0)
    """How often desired state on the bus is compared with the database."""
    status_stale_seconds: float = Field(default=10.0, gt=0)
    """A recorder that said nothing for this long is not believed any more."""
    migrate_on_start: bool = True
    """Apply pending migrations before serving; false where a deploy step does it."""
    max_connections: int = Field(default=1500, ge=10)
    """Open connections; more are refused with 503."""
    max_live_requests: int = Field(default=400, ge=1)
    """Live requests and WebSockets that are passed on at once; more are refused with 503. Well
    below `max_connections`, so that viewers leave the API enough."""
    live_connect_seconds: float = Field(default=2.0, gt=0)
    """How long connecting to a streamer may take before the next one is asked."""
    live_stall_seconds: float = Field(default=40.0, gt=0)
    """How long a streamer may be silent, or a viewer take nothing, before the request is ended.
    Longer than a streamer holds a request: three segments, or the wait for a first picture."""
    audit_days: int = Field(default=400, ge=1, le=36_500)
    """How many days entries of the audit log are kept."""
    http_grace_seconds: int = Field(default=5, ge=1)
    """How long running responses may go on at a clean stop."""
