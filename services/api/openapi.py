"""How the routes are described: one document in a stable order, errors described once."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from libs.web.problems import ProblemBody

_REF = "#/components/schemas/{model}"
PROBLEM_CONTENT = {
    "application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemBody")}}
}
"""The content of every error's description."""


class DescribedApi(FastAPI):
    """An application whose OpenAPI document does not depend on the order of its routes."""

    def openapi(self) -> dict[str, Any]:
        """Return the document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _arranged(super().openapi())
        return self.openapi_schema


def _arranged(document: dict[str, Any]) -> dict[str, Any]:
    _, problems = models_json_schema([(ProblemBody, "serialization")], ref_template=_REF)
    components = document.get("components", {})
    schemas = {**components.get("schemas", {}), **problems["$defs"]}
    return {
        **document,
        "paths": _sorted(document["paths"]),
        "components": {**components, "schemas": _sorted(schemas)},
    }


def _sorted(part: dict[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in sorted(part)}
