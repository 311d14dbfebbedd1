"""Events that are stored, and programs that read them, outlive the code that wrote them."""

import json

import pytest

from libs.bus.asyncapi import event_schema, events_of
from libs.bus.schema_compatibility import incompatibilities
from tools.docs import ROOT, wirings

RELEASED = sorted((ROOT / "docs/reference/schemas").glob("*.json"))
CURRENT = {event.type: event for event in events_of(wirings())}


def test_there_are_released_schemas():
    assert len(RELEASED) >= len(CURRENT) > 0


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_released_event_keeps_its_promises(path):
    assert path.stem in CURRENT, "nobody uses this event any more; its schema must stay readable"
    released = json.loads(path.read_text())

    assert incompatibilities(released, event_schema(CURRENT[path.stem])) == []
