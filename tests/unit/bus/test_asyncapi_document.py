"""The generated description of the messages is complete and says what is sent."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from libs.bus.asyncapi import diagram, document, event_schema
from libs.bus.deliveries import encode_event
from libs.bus.live import encode_headers
from libs.bus.wiring import Wiring
from libs.contracts.asks import CancelScan
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.live import LivePart
from libs.contracts.ownership import Lease

RECORDER = Wiring(
    service="recorder", publishes=(GapDetected,), watches=(CameraConfig, Lease), writes=(Lease,)
)
API = Wiring(service="api", consumes=(GapDetected,), watches=(Lease,), writes=(CameraConfig,))
ASKER = Wiring(service="api", asks=(CancelScan,))
ANSWERER = Wiring(service="discovery", answers=(CancelScan,))
SENDER = Wiring(service="recorder", sends_live=True)
FOLLOWER = Wiring(service="streamer", follows_live=True)
PART = LivePart(
    camera_id="front-door",
    live_id="a1",
    epoch=3,
    msn=7,
    part=2,
    discontinuity=0,
    first_msn=0,
    init_id="0123456789abcdef",
    init_bytes=800,
    is_independent=True,
    is_last=False,
    start_ms=1_800_000_000_000,
    start_90k=900_000,
    duration_90k=18_000,
    published_ms=1_800_000_000_200,
    part_target_ms=200,
    target_seconds=2,
    codecs="avc1.640028",
    fps=12.5,
)


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def test_every_reference_leads_somewhere():
    made = document([RECORDER, API, FOLLOWER], version="1.2.3")

    refs = set(_refs(made))

    assert len(refs) > 10
    for ref in refs:
        node = made
        for step in ref.removeprefix("#/").split("/"):
            node = node[step]
        assert node


def test_channels_and_operations_tell_who_says_what_where():
    made = document([RECORDER, API], version="1.2.3")

    assert made["asyncapi"] == "3.0.0"
    assert made["info"]["version"] == "1.2.3"
    channel = made["channels"]["GapDetected"]
    assert channel["address"] == "everframe.evt.gap-detected.{site}.{camera_id}"
    assert made["channels"]["Lease"]["address"] == "$KV.owner.{key}"
    assert {name: o["action"] for name, o in made["operations"].items()} == {
        "api_consumes_GapDetected": "receive",
        "api_watches_Lease": "receive",
        "api_writes_CameraConfig": "send",
        "recorder_publishes_GapDetected": "send",
        "recorder_watches_CameraConfig": "receive",
        "recorder_watches_Lease": "receive",
        "recorder_writes_Lease": "send",
    }


def test_a_sent_event_fits_its_schema_and_a_broken_one_does_not():
    schema = event_schema(GapDetected)
    event = GapDetected(
        camera_id="front-door",
        started_at=datetime(2026, 11, 20, tzinfo=UTC),
        reason=GapReason.CAMERA_OFFLINE,
        recorder="recorder-1",
    )
    sent = json.loads(encode_event(event, service="recorder"))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(sent, schema)
    del sent["data"]["reason"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sent, schema)


def test_live_parts_have_a_channel_whose_headers_are_those_that_are_sent():
    made = document([SENDER, FOLLOWER], version="1.2.3")

    channel, message = made["channels"]["LivePart"], made["components"]["messages"]["LivePart"]
    assert channel["address"] == "everframe.live.part.{site}.{camera_id}.{rendition}"
    assert channel["x-jetstream"] == {"stream": "LIVE"}
    assert set(channel["parameters"]) == {"site", "camera_id", "rendition"}
    assert {name: o["action"] for name, o in made["operations"].items()} == {
        "recorder_sends_LivePart": "send",
        "streamer_follows_LivePart": "receive",
    }
    sent = encode_headers(PART)
    assert set(message["headers"]["required"]) <= set(sent) <= set(message["headers"]["properties"])
    assert "init segment" in message["payload"]["description"]
    assert "LivePart" not in made["components"]["schemas"]


def test_live_parts_are_not_mentioned_where_nobody_uses_them():
    made = document([RECORDER, API], version="1.2.3")

    assert "LivePart" not in json.dumps(made)


def test_the_diagram_shows_live_parts_thick():
    assert diagram([SENDER, FOLLOWER]).splitlines()[-1] == ('    recorder ==>|"LivePart"| streamer')


def test_the_diagram_shows_events_solid_and_last_values_dotted():
    assert diagram([RECORDER, API]).splitlines() == [
        "flowchart LR",
        "    api",
        "    recorder",
        '    api -.->|"cameras"| recorder',
        '    recorder -->|"GapDetected"| api',
        '    recorder -.->|"owner"| api',
    ]


def test_a_question_names_its_subject_and_its_answer():
    made = document([ASKER, ANSWERER], version="1.2.3")

    assert made["channels"]["CancelScan"]["address"] == "everframe.ask.cancel-scan.{site}"
    assert made["channels"]["ScanCancelled"]["address"] is None
    operations = made["operations"]
    assert {name: o["action"] for name, o in operations.items()} == {
        "api_asks_CancelScan": "send",
        "discovery_answers_CancelScan": "receive",
    }
    reply = operations["api_asks_CancelScan"]["reply"]
    assert reply["channel"] == {"$ref": "#/channels/ScanCancelled"}
    assert set(made["components"]["schemas"]) == {"CancelScan", "ScanCancelled"}
    for ref in _refs(made):
        assert ref.startswith("#/")


def test_the_diagram_shows_questions_ending_in_a_circle():
    assert diagram([ASKER, ANSWERER]).splitlines()[-1] == '    api --o|"CancelScan"| discovery'
