"""Generated documentation is what the code generates."""

import pytest

from tools.docs import ROOT, generated, schema_path, wirings

FILES = generated()


@pytest.mark.parametrize("path", sorted(FILES), ids=str)
def test_a_generated_file_is_up_to_date(path):
    there = ROOT / path

    assert there.exists(), f"{path} is missing; run: make docs"
    assert there.read_text() == FILES[path], f"{path} is stale; run: make docs"


def test_every_event_of_every_service_has_a_schema_file():
    events = {e for wiring in wirings() for e in (*wiring.publishes, *wiring.consumes)}

    assert events
    assert {schema_path(event.type) for event in events} <= set(FILES)
