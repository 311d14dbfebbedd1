"""What the bus carries, as AsyncAPI 3.0 and JSON Schema, from the wirings and the contracts."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from libs.bus.asks import ERROR_HEADER
from libs.bus.deliveries import envelope_model
from libs.bus.live import HEADER_PREFIX
from libs.bus.topology import EVENTS, LIVE, bucket_name, bucket_stream
from libs.bus.wiring import Wiring
from libs.contracts.live import LivePart
from libs.contracts.messages import CLOUDEVENTS_CONTENT_TYPE, Ask, Event, Message

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


def asks_of(wirings: Iterable[Wiring]) -> list[type[Ask[Any]]]:
    """Return every kind of question that somebody asks or answers, by subject."""
    found = {ask for wiring in wirings for ask in (*wiring.asks, *wiring.answers)}
    return sorted(found, key=lambda ask: ask.entity)


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
    events, states, asks = events_of(wirings), states_of(wirings), asks_of(wirings)
    plain = list(dict.fromkeys((*states, *asks, *(ask.answer for ask in asks))))
    has_live = any(wiring.sends_live or wiring.follows_live for wiring in wirings)
    envelopes: list[type[BaseModel]] = [envelope_model(event) for event in events]
    refs, definitions = models_json_schema(
        [(m, "validation") for m in (*envelopes, *plain, *((LivePart,) if has_live else ()))],
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
    for model in plain:
        messages[model.__name__] = {
            "name": model.__name__,
            "title": model.__name__,
            "summary": _first_line(model),
            "contentType": "application/json",
            "payload": refs[model, "validation"],
        }
    if has_live:
        messages[LivePart.__name__] = _live_message(schemas.pop(LivePart.__name__))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Everframe messages",
            "version": version,
            "description": "Facts, last values, questions and live parts that the services exchange"
            " over NATS JetStream.",
        },
        "defaultContentType": CLOUDEVENTS_CONTENT_TYPE,
        "channels": {
            **{event.__name__: _event_channel(event) for event in events},
            **{state.__name__: _state_channel(state) for state in states},
            **{ask.__name__: _ask_channel(ask) for ask in asks},
            **{ask.answer.__name__: _answer_channel(ask.answer) for ask in asks},
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


def _ask_channel(ask: type[Ask[Any]]) -> dict[str, Any]:
    return {
        "address": ask.subject_filter(site="{site}"),
        "description": f"{_first_line(ask)} Answered within {ask.timeout_seconds:g} s or not at"
        " all; nothing is stored.",
        "parameters": {"site": _PARAMETERS["site"]},
        "messages": {ask.__name__: {"$ref": f"#/components/messages/{ask.__name__}"}},
    }


def _answer_channel(answer: type[Message]) -> dict[str, Any]:
    return {
        "address": None,
        "description": f"{_first_line(answer)} Goes to the inbox that the question names; with a"
        f" header `{ERROR_HEADER}` and no payload when there is no answer.",
        "messages": {answer.__name__: {"$ref": f"#/components/messages/{answer.__name__}"}},
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
        for verb, action, kinds in (
            ("asks", "send", wiring.asks),
            ("answers", "receive", wiring.answers),
        ):
            for kind in sorted(kinds, key=lambda k: k.entity):
                yield f"{wiring.service}_{verb}_{kind.__name__}", _ask_operation(kind, action)


def _ask_operation(ask: type[Ask[Any]], action: str) -> dict[str, Any]:
    asked, answered = f"#/channels/{ask.__name__}", f"#/channels/{ask.answer.__name__}"
    return {
        "action": action,
        "channel": {"$ref": asked},
        "messages": [{"$ref": f"{asked}/messages/{ask.__name__}"}],
        "reply": {
            "address": {"location": "$message.header#/reply"},
            "channel": {"$ref": answered},
            "messages": [{"$ref": f"{answered}/messages/{ask.answer.__name__}"}],
        },
    }


def diagram(wirings: Sequence[Wiring]) -> str:
    """Return who tells whom what, as a Mermaid flow chart.

    Events are solid, last values dotted, questions end in a circle, live parts are thick.
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
            questions = {ask.__name__ for ask in source.asks} & {
                ask.__name__ for ask in target.answers
            }
            if questions:
                lines.append(_edge(source, "--o", questions, target))
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
