"""What signing in takes, and how often somebody may ask."""

from dataclasses import dataclass
from typing import Self

from services.api.passwords import Passwords
from services.api.rate_limits import RateLimits
from services.api.session_tokens import SessionTokens
from services.api.settings import ApiSettings
from services.api.throttle import Throttle


@dataclass(frozen=True)
class Identity:
    passwords: Passwords
    throttle: Throttle
    tokens: SessionTokens
    limits: RateLimits

    @classmethod
    def build(cls, settings: ApiSettings) -> Self:
        """Return what the settings ask for."""
        return cls(
            passwords=Passwords(),
            throttle=Throttle(),
            tokens=SessionTokens(settings.session_key.get_secret_value()),
            limits=RateLimits(
                requests_per_minute=settings.requests_per_minute,
                media_requests_per_minute=settings.media_requests_per_minute,
            ),
        )
