"""Whether a JSON Schema still accepts, and still says, what a released one did.

Stored events are read for a month and others' programs read them for longer. So within a major
version a property may be added, but none may go, change its type or become required.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_CONSTRAINTS = (
    "const",
    "pattern",
    "format",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
_DEPTH = 30


def incompatibilities(released: Schema, current: Schema) -> list[str]:
    """Return what breaks readers or stored events, as `path: what`; empty when nothing does."""
    return list(_Comparison(released, current).nodes(released, current, "", _DEPTH))


class _Comparison:
    def __init__(self, released: Schema, current: Schema) -> None:
        self._released = released
        self._current = current

    def nodes(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        if depth == 0:
            return
        olds = _by_kind(_alternatives(old, self._released))
        news = _by_kind(_alternatives(new, self._current))
        if "any" in news:
            return
        for kind, one in olds.items():
            if kind in news:
                yield from self._same_kind(one, news[kind], path, depth)
            elif not (kind == "integer" and "number" in news):
                yield f"{path or '/'}: {kind} is no longer allowed"

    def _same_kind(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        yield from _values(old, new, path or "/")
        old_properties, new_properties = old.get("properties", {}), new.get("properties", {})
        for name, schema in old_properties.items():
            if name not in new_properties:
                yield f"{path}/{name}: removed"
            else:
                yield from self.nodes(schema, new_properties[name], f"{path}/{name}", depth - 1)
        for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
            yield f"{path}/{name}: newly required"
        for part in ("items", "additionalProperties"):
            inner, now = old.get(part), new.get(part)
            if isinstance(inner, dict) and isinstance(now, dict):
                yield from self.nodes(inner, now, f"{path}/*", depth - 1)


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "enum" in new:
        gone = [value for value in old.get("enum", ["anything"]) if value not in new["enum"]]
        if gone:
            yield f"{path}: no longer allowed: {', '.join(map(str, gone))}"
    for name in _CONSTRAINTS:
        if name in new and new[name] != old.get(name) and not _is_wider(name, old, new):
            yield f"{path}: {name} was {old.get(name)}, is {new[name]}"


def _is_wider(name: str, old: Schema, new: Schema) -> bool:
    if name not in old:
        return False
    if name.startswith(("minimum", "exclusiveMin", "minL", "minI")):
        return bool(new[name] < old[name])
    if name.startswith(("maximum", "exclusiveMax", "maxL", "maxI")):
        return bool(new[name] > old[name])
    return False


def _alternatives(node: Schema, root: Schema) -> Iterator[Schema]:
    for _ in range(_DEPTH):
        if "$ref" not in node:
            break
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    choices = node.get("anyOf") or node.get("oneOf")
    if choices is None:
        yield node
        return
    for choice in choices:
        yield from _alternatives(choice, root)


def _by_kind(nodes: Iterator[Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for node in nodes:
        kinds = node.get("type", _kind_of_values(node))
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            found.setdefault(kind, node)
    return found


def _kind_of_values(node: Schema) -> str:
    values = node.get("enum") or ([node["const"]] if "const" in node else [])
    return "string" if values and all(isinstance(value, str) for value in values) else "any"
