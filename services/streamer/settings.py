"""All knobs of the streamer."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.runtime.settings import ServiceSettings


class StreamerSettings(ServiceSettings):
    """Environment: `EVERFRAME_STREAMER_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="EVERFRAME_STREAMER_")

    host: str = "127.0.0.1"
    """Where viewers are served; put TLS and HTTP/2 in front before it leaves the machine."""
    port: int = Field(default=8090, ge=0, le=65535)
    """Port for viewers; 0 chooses a free one, named in the log."""
    live_key: SecretStr = Field(min_length=32)
    """Checks live access tokens; the same as the api's."""
    allowed_origins: str = ""
    """Origins of web pages elsewhere that may play, separated by commas; none by default."""

    # limits
    max_viewers: int = Field(default=500, ge=1)
    """Viewers of all cameras together."""
    max_viewers_per_camera: int = Field(default=50, ge=1)
    """Viewers of one camera."""
    max_requests_per_viewer: int = Field(default=12, ge=1)
    """Requests of one viewer that may wait for an answer at the same time."""
    max_connections: int = Field(default=2000, ge=10)
    """Open connections; more are refused with 503."""

    # timing
    demand_ttl_seconds: float = Field(default=6.0, ge=2.0)
    """A streamer that does not renew its demand for this long is not listened to any more."""
    linger_seconds: float = Field(default=10.0, gt=0)
    """How long a camera's parts are still followed after its last viewer left."""
    viewer_idle_seconds: float = Field(default=10.0, gt=0)
    """A LL-HLS viewer that asks for nothing for this long has left."""
    first_part_seconds: float = Field(default=10.0, gt=0)
    """How long the first viewer of a camera waits for a picture before 503."""
    http_grace_seconds: int = Field(default=3, ge=1)
    """How long running responses may go on at a clean stop."""
