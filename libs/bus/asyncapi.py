"""What the bus carries, as AsyncAPI 3.0 and JSON Schema, from the wirings and the contracts."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from libs.bus.deliveries import envelope_model
from libs.bus.live import HEADER_PREFIX
from libs.bus.topology import EVENTS, LIVE, bucket_name, bucket_stream
from libs.bus.wiring import Wiring
from libs.contracts.live import LivePart
from libs.contracts.messages import CLOUDEVENTS_CONTENT_TYPE, Event, Message

_PARAMETERS = {
    "site": {"description": "The site that the camera belongs to; `main` in a single installation"},
    "camera_id": {"description": "The camera's immutable id, for example `front-door`"},
}


def events_of(wirings: Iterable[Wiring]) -> list[type[Event]]:
    """Return every event class that somebody publishes or consumes, by type."""
    found = {event for wiring in wirings for event in (*wiring.publishes, *wiring.consumes)}
    return sorted(found, key=lambda event: event.type)


def states_of(wirings: Iterable[Wiring]) -> list[type[Message]]:
    """Return every class with a bucket that somebody uses, by bucket."""
    return sorted({model for wiring in wirings for model in wiring.buckets}, key=bucket_name)


def event_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event in its envelope, complete in itself."""
    schema = envelope_model(event).model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:everframe:{event.type}",
        **schema,
        "title": event.type,
        "description": _first_line(event),
    }


def document(wirings: Sequence[Wiring], *, version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of these services."""
    events, states = events_of(wirings), states_of(wirings)
    has_live = any(wiring.sends_live or wiring.follows_live for wiring in wirings)
    envelopes: list[type[BaseModel]] = [envelope_model(event) for event in events]
    refs, definitions = models_json_schema(
        [(m, "validation") for m in (*envelopes, *states, *((LivePart,) if has_live else ()))],
        ref_template="#/components/schemas/{model}",
    )
    schemas = definitions.get("$defs", {})
    messages: dict[str, Any] = {}
    for event in events:
        messages[event.__name__] = {
            "name": event.type,
            "title": event.__name__,
            "summary": _first_line(event),
            "contentType": CLOUDEVENTS_CONTENT_TYPE,
            "payload": refs[envelope_model(event), "validation"],
        }
    for state in states:
        messages[state.__name__] = {
            "name": state.__name__,
            "title": state.__name__,
            "summary": _first_line(state),
            "contentType": "application/json",
            "payload": refs[state, "validation"],
        }
    if has_live:
        messages[LivePart.__name__] = _live_message(schemas.pop(LivePart.__name__))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Everframe messages",
            "version": version,
            "description": "Facts, last values and live parts that the services exchange over"
            " NATS JetStream.",
        },
        "defaultContentType": CLOUDEVENTS_CONTENT_TYPE,
        "channels": {
            **{event.__name__: _event_channel(event) for event in events},
            **{state.__name__: _state_channel(state) for state in states},
            **({LivePart.__name__: _live_channel()} if has_live else {}),
        },
        "operations": dict(_operations(wirings)),
        "components": {"messages": messages, "schemas": schemas},
    }


def _event_channel(event: type[Event]) -> dict[str, Any]:
    return {
        "address": event.subject_filter(site="{site}", camera_id="{camera_id}"),
        "description": _first_line(event),
        "parameters": dict(_PARAMETERS),
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "x-jetstream": {"stream": EVENTS},
    }


def _state_channel(state: type[Message]) -> dict[str, Any]:
    bucket = bucket_name(state)
    return {
        "address": f"$KV.{bucket}.{{key}}",
        "description": _first_line(state),
        "parameters": {"key": {"description": "`<site>.<camera_id>`, or an instance's name"}},
        "messages": {state.__name__: {"$ref": f"#/components/messages/{state.__name__}"}},
        "x-jetstream": {"bucket": bucket, "stream": bucket_stream(bucket)},
    }


def _live_channel() -> dict[str, Any]:
    return {
        "address": LivePart.subject_filter(
            site="{site}", camera_id="{camera_id}", rendition="{rendition}"
        ),
        "description": _first_line(LivePart),
        "parameters": {
            **_PARAMETERS,
            "rendition": {"description": "`main`, or `sub` for the small stream beside it"},
        },
        "messages": {LivePart.__name__: {"$ref": f"#/components/messages/{LivePart.__name__}"}},
        "x-jetstream": {"stream": LIVE},
    }


def _live_message(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the message whose headers are the fields of the contract."""
    headers = {
        **schema,
        "properties": {f"{HEADER_PREFIX}{n}": s for n, s in schema["properties"].items()},
        "required": [f"{HEADER_PREFIX}{name}" for name in schema["required"]],
        "description": "The contract's fields, each written as text; left out at its default.",
    }
    return {
        "name": LivePart.__name__,
        "title": LivePart.__name__,
        "summary": _first_line(LivePart),
        "contentType": "video/mp4",
        "headers": headers,
        "payload": {"description": (LivePart.__doc__ or "").partition("\n\n")[2].strip()},
    }


def _operations(wirings: Sequence[Wiring]) -> Iterable[tuple[str, dict[str, Any]]]:
    for wiring in sorted(wirings, key=lambda w: w.service):
        said: tuple[tuple[str, str, tuple[type[Message], ...], dict[str, str]], ...] = (
            ("publishes", "send", wiring.publishes, {}),
            ("writes", "send", wiring.writes, {}),
            ("consumes", "receive", wiring.consumes, {"x-durable": wiring.service}),
            ("watches", "receive", wiring.watches, {}),
            ("sends", "send", (LivePart,) if wiring.sends_live else (), {}),
            ("follows", "receive", (LivePart,) if wiring.follows_live else (), {}),
        )
        for verb, action, models, extra in said:
            for model in sorted(models, key=lambda m: m.__name__):
                name = f"{wiring.service}_{verb}_{model.__name__}"
                channel = f"#/channels/{model.__name__}"
                yield (
                    name,
                    {
                        "action": action,
                        "channel": {"$ref": channel},
                        "messages": [{"$ref": f"{channel}/messages/{model.__name__}"}],
                        **extra,
                    },
                )


def diagram(wirings: Sequence[Wiring]) -> str:
    """Return who tells whom what, as a Mermaid flow chart.

    Events are solid, last values dotted, live parts thick.
    """
    ordered = sorted(wirings, key=lambda wiring: wiring.service)
    lines = ["flowchart LR", *(f"    {wiring.service}" for wiring in ordered)]
    for source in ordered:
        for target in ordered:
            if source is target:
                continue
            events = {event.__name__ for event in source.publishes} & {
                event.__name__ for event in target.consumes
            }
            values = {bucket_name(m) for m in source.writes} & {
                bucket_name(m) for m in target.watches
            }
            if events:
                lines.append(_edge(source, "-->", events, target))
            if values:
                lines.append(_edge(source, "-.->", values, target))
            if source.sends_live and target.follows_live:
                lines.append(_edge(source, "==>", {LivePart.__name__}, target))
    return "\n".join(lines) + "\n"


def _edge(source: Wiring, arrow: str, names: Iterable[str], target: Wiring) -> str:
    return f'    {source.service} {arrow}|"{"<br/>".join(sorted(names))}"| {target.service}'


def _first_line(model: type[Message]) -> str:
    return (model.__doc__ or model.__name__).split("\n", 1)[0]
