"""What the API takes and gives about groups of cameras, and the audit log."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from libs.contracts.ids import CameraId
from libs.contracts.times import UtcTime
from services.api.schemas import Model, Name
from services.api.schemas_queries import CursorQuery

MAX_MEMBERS = 1000
MAX_GROUPS = 500

GroupId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$"),
    Field(examples=["entrances"]),
]


class GroupCreate(Model):
    """A new group."""

    name: Name = Field(examples=["Entrances"])
    """For people; the group's id is made from it once."""
    camera_ids: list[CameraId] = Field(
        default=[], max_length=MAX_MEMBERS, examples=[["front-door"]]
    )


class GroupPatch(Model):
    """What to change; fields left out stay as they are."""

    name: Name | None = Field(default=None, examples=["Entrances"])
    camera_ids: list[CameraId] | None = Field(
        default=None, max_length=MAX_MEMBERS, examples=[["front-door"]]
    )
    """All members from now on."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for field in self.model_fields_set:
            if getattr(self, field) is None:
                raise ValueError(f"{field} must not be null; leave it out to keep it")
        return self


class GroupView(Model):
    """A group of cameras."""

    group_id: GroupId
    name: str
    camera_ids: list[CameraId]
    """Those that you may see, by id."""


class AuditQuery(CursorQuery):
    """Which entries of the audit log."""

    actor: str | None = Field(default=None, max_length=100, examples=["admin"])
    """Id or present name of a user, prefix or name of an API key."""
    action: str | None = Field(
        default=None, pattern=r"^[a-z_]{1,40}(\.[a-z_]{1,40})?$", examples=["camera.deleted"]
    )
    """`camera.deleted`, or `camera` for all about cameras."""
    camera: CameraId | None = Field(default=None, examples=["front-door"])

    @model_validator(mode="after")
    def _names_an_entry(self) -> Self:
        position = self.position
        if position is not None and not _is_entry_id(position.row_id):
            raise ValueError("cursor: send `next_cursor` of the page before, unchanged")
        return self


class AuditEntryView(Model):
    """Who did what."""

    entry_id: int
    at: UtcTime
    kind: Literal["user", "key", "nobody", "system"]
    actor_id: str
    """The user's id, or the key's first characters; empty for nobody."""
    actor: str
    """Name at that time."""
    address: str
    """Where the request came from."""
    action: str = Field(examples=["camera.deleted"])
    camera_id: str | None
    subject: str
    """Id of what was acted on, where it is no camera."""
    detail: dict[str, Any]


def _is_entry_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
