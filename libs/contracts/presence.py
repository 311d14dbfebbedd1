"""What each running process says of itself, so that people see what runs and how it does."""

from typing import ClassVar

from pydantic import Field

from libs.contracts.messages import Message
from libs.contracts.times import UtcTime

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"


class Figure(Message):
    """One number that a service tells of itself."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """Does not change: `spool_bytes`."""
    label: str = Field(max_length=60)
    """For people: `Spool used`."""
    value: float = Field(allow_inf_nan=False)
    unit: str = Field(default="", max_length=20)
    """`bytes`, `seconds`, `yes_no` (1 or 0), or empty for a count."""


class ServiceState(Message):
    """A running process of Everframe; written every ten seconds, deleted by a clean stop.

    Keys begin with the service, and each service may write only its own:
    `<service>.<instance>`.
    """

    bucket: ClassVar[str] = "services"

    service: str = Field(pattern=NAME_PATTERN)
    instance: str = Field(pattern=NAME_PATTERN)
    """Tells processes of one service apart."""
    version: str = Field(max_length=40)
    started_at: UtcTime
    seen_at: UtcTime
    """When it wrote this, by its own clock."""
    figures: tuple[Figure, ...] = Field(default=(), max_length=32)

    @property
    def key(self) -> str:
        """Key in the bucket."""
        return f"{self.service}.{self.instance}"
