"""What the API takes and gives about services, layouts, health history and live events."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from libs.contracts.ids import CameraId
from libs.contracts.times import UtcTime
from services.api.schemas import GapView, HealthView, Model, StatusView, Stream

MAX_COLUMNS = 8
MAX_ROWS = 64
MAX_TILES = 64
MAX_LAYOUTS = 50
MAX_CHANGES = 5000


def _plain_name(value: str) -> str:
    if not value.isprintable() or "/" in value:
        raise ValueError("must not contain a slash or control characters")
    return value


LayoutName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(_plain_name),
]


class FigureView(Model):
    """One number that a service tells of itself."""

    name: str = Field(examples=["spool_bytes"])
    """Does not change."""
    label: str = Field(examples=["Spool used"])
    """For people."""
    value: float
    unit: str = Field(examples=["bytes"])
    """`bytes`, `seconds`, `yes_no` (1 or 0), or empty for a count."""


class ServiceView(Model):
    """One process of Everframe, by its own word."""

    service: str = Field(examples=["recorder"])
    instance: str
    version: str
    started_at: UtcTime
    seen_at: UtcTime
    state: Literal["up", "silent"]
    """`silent`: it has said nothing for 30 s, and it did not say that it stops."""
    figures: list[FigureView]


class Tile(Model):
    """Where a camera stands in a layout, in cells."""

    camera_id: CameraId
    x: int = Field(ge=0, lt=MAX_COLUMNS)
    y: int = Field(ge=0, lt=MAX_ROWS)
    w: int = Field(ge=1, le=MAX_COLUMNS)
    h: int = Field(ge=1, le=MAX_ROWS)


class Layout(Model):
    """An arrangement of cameras."""

    columns: int = Field(ge=1, le=MAX_COLUMNS)
    tiles: list[Tile] = Field(max_length=MAX_TILES)

    @model_validator(mode="after")
    def _within(self) -> Self:
        for number, tile in enumerate(self.tiles):
            if tile.x + tile.w > self.columns:
                raise ValueError(f"tiles[{number}] reaches beyond the last of the columns")
        return self


class LayoutPut(Model):
    """A layout to keep."""

    layout: Layout


class LayoutView(Model):
    """A layout that the signed-in user keeps."""

    name: str
    layout: Layout
    """Without tiles of cameras that do not exist, or that the user may not see."""
    updated_at: UtcTime


class HealthChangeView(Model):
    """A moment at which a camera's health, or what its recorder does, became another."""

    at: UtcTime
    kind: Literal["health", "recording"]
    """`health`: whether it can be reached; `recording`: what its recorder does."""
    state: str = Field(examples=["offline"])
    detail: str


class CameraHealthEvent(Model):
    """Data of the event `camera-health`."""

    camera_id: CameraId
    health: HealthView


class RecordingEvent(Model):
    """Data of the event `recording`: it is stored and can be played."""

    camera_id: CameraId
    id: str
    stream: Stream
    started_at: UtcTime
    ended_at: UtcTime
    bytes: int


class NoData(Model):
    """Data of an event that says all by its name."""


EventData = StatusView | CameraHealthEvent | RecordingEvent | GapView | NoData
