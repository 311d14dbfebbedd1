"""Which changes of a schema break its readers."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field, create_model

from libs.bus.schema_compatibility import incompatibilities


class Inner(BaseModel):
    size: int = Field(ge=0)
    note: str | None = None


class Released(BaseModel):
    name: str = Field(max_length=10)
    kind: Literal["a", "b"]
    count: int
    inner: Inner
    many: tuple[Inner, ...]
    maybe: float | None = None


def _without(name: str) -> type[BaseModel]:
    fields = {n: (f.annotation, f) for n, f in Released.model_fields.items() if n != name}
    return create_model("Changed", **fields)  # type: ignore[call-overload,no-any-return]


def _with(**fields: object) -> type[BaseModel]:
    return create_model("Changed", __base__=Released, **fields)  # type: ignore[call-overload,no-any-return]


class SmallerInner(BaseModel):
    size: int = Field(ge=0)


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        (_without("count"), ["/count: removed"]),
        (_with(count=(str, ...)), ["/count: integer is no longer allowed"]),
        (_with(added=(int, ...)), ["/added: newly required"]),
        (_with(maybe=(float | None, ...)), ["/maybe: newly required"]),
        (_with(maybe=(float, 1.0)), ["/maybe: null is no longer allowed"]),
        (_with(kind=(Literal["a"], ...)), ["/kind: const was None, is a"]),
        (_with(kind=(Literal["a", "c"], ...)), ["/kind: no longer allowed: b"]),
        (_with(name=(str, Field(max_length=5))), ["/name: maxLength was 10, is 5"]),
        (_with(count=(int, Field(ge=1))), ["/count: minimum was None, is 1"]),
        (_with(inner=(SmallerInner, ...)), ["/inner/note: removed"]),
        (_with(many=(tuple[SmallerInner, ...], ...)), ["/many/*/note: removed"]),
    ],
)
def test_what_breaks_readers_or_stored_events_is_found(changed, problems):
    found = incompatibilities(Released.model_json_schema(), changed.model_json_schema())

    assert found == problems


@pytest.mark.parametrize(
    "changed",
    [
        Released,
        _with(added=(int, 0)),
        _with(added=(str | None, None)),
        _with(kind=(Literal["a", "b", "c"], ...)),
        _with(name=(str, Field(max_length=20))),
        _with(name=(str, ...)),
        _with(count=(float, ...)),
        _with(count=(int | None, None)),
    ],
)
def test_what_only_adds_is_allowed(changed):
    assert incompatibilities(Released.model_json_schema(), changed.model_json_schema()) == []
