"""One shape for every error an API caller sees: RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 2
"""When to come back after a 503 that says nothing else."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    field: str
    """Where: `url`, `credentials.username`, `query from`."""
    problem: str
    """What is wrong and what is allowed."""


class ProblemBody(BaseModel):
    """The body of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "1 field is not as it must be",
                    "errors": [{"field": "url", "problem": "the scheme must be rtsp or rtsps"}],
                }
            ]
        }
    )

    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class Problem(Exception):
    """An error for the API caller; `detail` says what to do."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def not_found(detail: str) -> Problem:
    """Return a 404."""
    return Problem(HTTPStatus.NOT_FOUND, detail)


def invalid(field: str, problem: str) -> Problem:
    """Return a 422 about one field."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "1 field is not as it must be",
        errors=[FieldProblem(field=field, problem=problem)],
    )


def unavailable(detail: str, *, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Return a 503 that asks to come back."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(retry_after_seconds)}
    )


def problem_response(problem: Problem) -> JSONResponse:
    """Return the response for a problem."""
    body = ProblemBody(
        title=problem.status.phrase,
        status=problem.status.value,
        detail=problem.detail,
        errors=list(problem.errors),
    )
    content = body.model_dump(exclude={"errors"} if not problem.errors else None)
    return JSONResponse(
        content,
        status_code=problem.status.value,
        headers=dict(problem.headers or {}),
        media_type="application/problem+json",
    )


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of the application the one shape."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [field_problem(item) for item in error.errors()]
    detail = f"{len(fields)} fields are" if len(fields) > 1 else "1 field is"
    return problem_response(
        Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{detail} not as it must be", errors=fields)
    )


def field_problem(item: Mapping[str, Any]) -> FieldProblem:
    """Return one validation error without the value, which may be secret."""
    where, *path = [str(part) for part in item["loc"]]
    if item["type"] == "json_invalid":  # its path is a position in the text
        return FieldProblem(field=where, problem="is not JSON")
    if not path:
        path, where = [where], "body"
    field = ".".join(path)
    problem = str(item["msg"]).removeprefix("Value error, ")
    return FieldProblem(field=field if where == "body" else f"{where} {field}", problem=problem)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = str(error.detail)
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {request.url.path}; /api/docs lists the routes"
    return problem_response(Problem(status, detail, headers=error.headers))


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", path=request.url.path, exc_info=error)
    return problem_response(
        Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "this is a fault in Everframe; the log tells more"
        )
    )
