"""The kinds of message and their envelope (CloudEvents 1.0, structured JSON).

A message class carries its own subject and version, so nobody writes a subject string:
`everframe.<plane>.<entity>.<site>.<camera_id>`, site and camera always at the same places.
"""

from datetime import UTC, datetime
from typing import ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.times import UtcTime

CLOUDEVENTS_CONTENT_TYPE = "application/cloudevents+json"


class Message(BaseModel):
    """What every contract model shares: immutable, unknown fields ignored (forward compatible)."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class CameraMessage(Message):
    """A message about one camera."""

    plane: ClassVar[str]
    entity: ClassVar[str]

    camera_id: CameraId
    """The camera that this is about."""
    site: Site = DEFAULT_SITE
    """The site that the camera belongs to."""

    @property
    def subject(self) -> str:
        """The bus subject of this message."""
        return f"everframe.{self.plane}.{self.entity}.{self.site}.{self.camera_id}"

    @classmethod
    def subject_filter(cls, *, site: str = "*", camera_id: str = "*") -> str:
        """The subject filter that matches every message of this class, or of a site or camera."""
        return f"everframe.{cls.plane}.{cls.entity}.{site}.{camera_id}"


class Event(CameraMessage):
    """A fact in the past tense; stored, replayable, handled idempotently by id."""

    plane: ClassVar[str] = "evt"
    type: ClassVar[str]
    """CloudEvents type with the major version: `io.everframe.recording.completed.v1`."""

    def natural_key(self) -> str:
        """Return what makes this fact unique among its type; the event id is built from it."""
        raise NotImplementedError

    @property
    def event_id(self) -> str:
        """CloudEvents id and Nats-Msg-Id: the same fact always has the same id."""
        return f"{self.type}:{self.natural_key()}"


AnswerT = TypeVar("AnswerT", bound=Message)


class Ask(Message, Generic[AnswerT]):
    """A question that somebody answers now, or not at all; nothing of it is stored.

    Subclasses set `entity` and `answer`, the class of `AnswerT`.
    """

    plane: ClassVar[str] = "ask"
    entity: ClassVar[str]
    answer: ClassVar[type[Message]]
    timeout_seconds: ClassVar[float] = 5.0
    """How long who asks waits."""

    site: Site = DEFAULT_SITE

    @property
    def subject(self) -> str:
        """The bus subject of this ask."""
        return f"everframe.{self.plane}.{self.entity}.{self.site}"

    @classmethod
    def subject_filter(cls, *, site: str = "*") -> str:
        """The subject filter that matches every ask of this class, or of a site."""
        return f"everframe.{cls.plane}.{cls.entity}.{site}"


class DesiredState(Message):
    """A noun: what should be. Kept in a key-value bucket, watched and reconciled."""

    bucket: ClassVar[str]


EventT = TypeVar("EventT", bound=Event)


class CloudEvent(BaseModel, Generic[EventT]):
    """CloudEvents 1.0 envelope in structured mode."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    subject: str | None = None
    time: UtcTime
    datacontenttype: str = "application/json"
    data: EventT

    @classmethod
    def wrap(cls, event: EventT, *, service: str, now: datetime | None = None) -> Self:
        """Return the envelope of an event that `service` publishes at `now`."""
        return cls(
            id=event.event_id,
            source=f"/everframe/{event.site}/{service}",
            type=event.type,
            subject=event.camera_id,
            time=now or datetime.now(UTC),
            data=event,
        )
