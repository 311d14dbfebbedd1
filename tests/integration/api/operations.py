"""Every operation of the API as a request, filled from the examples of its description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Schema = Mapping[str, Any]

# Where a description has no example that fits: formats of ids that nobody shall copy.
VALUES: dict[str, Any] = {
    "from": "2026-11-20T21:00:00Z",
    "to": "2026-11-20T22:00:00Z",
    "device_id": "recorder",
    "found_id": "0" * 16,
    "number": 0,
    "prefix": "evf_aaaaaa",
    "rest": "master.m3u8",
    "scan_id": "0" * 16,
    "session_id": "0" * 32,
    "user_id": "0" * 32,
}
ASKED = {"camera", "from", "to"}
"""Parameters that are sent although they may be left out."""


@dataclass(frozen=True)
class Operation:
    """One operation: `GET /api/v1/cameras/{camera_id}`."""

    method: str
    path: str
    described: Schema
    document: Schema = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def request(self, camera: str = "front-door", *, wide: bool = False) -> dict[str, Any]:
        """Return what httpx is to send; whatever names a camera names this one.

        `wide`: without the parameters that may be left out.
        """
        values = {"camera_id": camera, "recording_id": f"{camera}~20261120T213000000Z~1"}
        filler = _Filler(self.document, values)
        found: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
        for parameter in self.described.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            is_asked = name in ASKED and place == "query" and not wide
            if parameter.get("required") or is_asked:
                found[place][name] = (
                    [camera] if name == "camera" else filler.value(name, parameter["schema"])
                )
        request = {
            "method": self.method,
            "url": self.path.format(**found["path"]),
            "params": found["query"],
        }
        body = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return request | ({"json": filler.value("body", body["schema"])} if body else {})

    async def send(
        self, client: httpx.AsyncClient, camera: str = "front-door", *, wide: bool = False
    ) -> httpx.Response:
        """Send it; redirects are not followed."""
        return await client.request(**self.request(camera, wide=wide))

    @property
    def names_camera(self) -> bool:
        """Whether the request names a camera, or a recording of one."""
        return self.request("one") != self.request("other")


def operations(document: Schema) -> list[Operation]:
    """Return every operation of an OpenAPI document."""
    return [
        Operation(method.upper(), path, described, document)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


@dataclass(frozen=True)
class _Filler:
    document: Schema
    values: Mapping[str, Any]

    def value(self, name: str, schema: Schema) -> Any:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if name in self.values:
            return self.values[name]
        if schema.get("format") != "date" and name in VALUES:
            return VALUES[name]
        if schema.get("examples"):
            return schema["examples"][0]
        if schema.get("type") == "object":
            return self._object(schema)
        return self._plain(name, schema)

    def _object(self, schema: Schema) -> dict[str, Any]:
        fields = schema.get("properties", {})
        wanted = [
            each
            for each in fields
            if each in schema.get("required", []) or fields[each].get("examples")
        ]
        # what may be left out one by one, but not altogether
        wanted = wanted or list(fields)[:1]
        return {each: self.value(each, fields[each]) for each in wanted}

    def _plain(self, name: str, schema: Schema) -> Any:
        for key in ("default", "const"):
            if key in schema:
                return schema[key]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.value(name, schema["anyOf"][0])
        match schema.get("type"):
            case "array":
                return [self.value(name, schema["items"])] if schema.get("minItems") else []
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case "string" if "pattern" not in schema:
                return "a long example"
        raise AssertionError(f"give {name} an example in its description: {schema}")
