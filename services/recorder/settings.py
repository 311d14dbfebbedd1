"""All knobs of the recorder."""

from pathlib import Path

from pydantic import ByteSize, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.contracts.ids import DEFAULT_SITE, Site
from libs.runtime.settings import ServiceSettings, StoreSettings


class RecorderSettings(ServiceSettings, StoreSettings):
    """Environment: `EVERFRAME_RECORDER_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_RECORDER_")

    site: Site = DEFAULT_SITE
    """The site whose cameras this recorder takes."""
    credential_keys: SecretStr = SecretStr("")
    """Fernet keys that open the cameras' credentials, newest first, separated by commas."""
    allow_loopback_cameras: bool = False
    """Connect to cameras on this machine's own addresses too; for demo and tests."""
    max_cameras: int = Field(default=32, ge=1, le=32)
    """More cameras need more recorder processes."""

    # spool
    spool_dir: Path = Path("spool")
    """Where footage waits for the object store; a local disk of this recorder alone."""
    spool_max_bytes: ByteSize = ByteSize(20 * 1024**3)
    """What the spool may hold; beyond it the oldest footage is dropped, with a gap. Looked at every
    two seconds; recordings under way come on top."""
    spool_min_free_bytes: ByteSize = ByteSize(1024**3)
    """The spool leaves this much of its disk free."""
    spool_keep_seconds: float = Field(default=300.0, ge=0)
    """How long a stored and announced file stays, so that a store that lost it gets it again."""
    write_queue_bytes: ByteSize = ByteSize(128 * 1024**2)
    """Footage that may wait in memory while the spool's disk is slow, all cameras together."""

    # camera sessions
    stall_seconds: float = Field(default=5.0, gt=0)
    """A camera that sends no video for this long is reconnected."""
    open_timeout_seconds: float = Field(default=10.0, gt=0)
    """How long connecting to a camera may take."""
    keyframe_limit_seconds: float = Field(default=60.0, gt=0)
    """A camera that sends no keyframe for this long is reconnected."""
    reconnect_max_seconds: float = Field(default=15.0, gt=0)
    """Longest wait between two attempts to reach a camera."""
    unauthorized_retry_seconds: float = Field(default=60.0, gt=0)
    """Wait after a refused login, for all cameras at that address; doubled each time."""
    unauthorized_longest_seconds: float = Field(default=2100.0, gt=0)
    """Longest wait; devices lock accounts for half an hour, and a try in it makes it longer."""

    # live
    live_buffer_bytes: ByteSize = ByteSize(32 * 1024**2)
    """What is kept in memory of one stream for its first viewer, at most; usually two GOPs."""

    # ownership
    lease_ttl_seconds: float = Field(default=4.0, ge=1.0)
    """A recorder that does not renew for this long loses its cameras to the others."""
    announce_gap_seconds: float = Field(default=5.0, gt=0)
    """A gap that lasts longer is announced while it is still open."""

    # uploads
    upload_concurrency: int = Field(default=4, ge=1, le=16)
    """Recordings stored at the same time."""
