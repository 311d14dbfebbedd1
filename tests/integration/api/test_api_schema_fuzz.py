"""Whatever the description allows, and what it does not, is answered and never a fault of ours."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from services.api.recording_ids import recording_url_id
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.footage_worlds import store_footage
from tests.integration.api.test_api_rights import ENDLESS

EXAMPLES = 4
"""Of what is allowed and of what is not, for each operation."""
WAIT_SECONDS = 30.0
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# Things that are there, so that more than their absence is met.
THERE = {"camera_id": "front-door", "group_id": "entrances"}
LAST = ("DELETE", "PATCH")
"""What takes them away comes last."""

Send = Callable[[requests.PreparedRequest], int]


async def test_no_request_is_answered_with_a_fault(api: Api, tmp_path: Path):
    await api.add_camera()
    made = await store_footage(api, tmp_path, NOW - timedelta(hours=2))
    await api.client.post("/api/v1/groups", json={"name": "Entrances"})
    there = THERE | {"recording_id": recording_url_id("front-door", made.started_at, 1, "main")}
    loop = asyncio.get_running_loop()

    def send(request: requests.PreparedRequest) -> int:
        """Hypothesis is not asynchronous, so it runs in a thread beside the application."""
        return asyncio.run_coroutine_threadsafe(_status(api, request), loop).result(WAIT_SECONDS)

    count, faults = await asyncio.to_thread(_fuzz, api.app.openapi(), there, send)

    assert faults == []
    assert count > 500


async def _status(api: Api, request: requests.PreparedRequest) -> int:
    url = str(request.url)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            answer = await api.client.request(
                str(request.method),
                url,
                content=request.body,
                headers=[*_headers(request), (b"authorization", f"Bearer {api.key}".encode())],
            )
    except AssertionError:
        # Decode times were shifted below zero, and the answer was broken off after it had begun.
        assert "shift=-" in url
        return HTTPStatus.OK
    return answer.status_code


def _headers(request: requests.PreparedRequest) -> Iterator[tuple[bytes, bytes]]:
    for name, value in request.headers.items():
        if name.lower() not in {"authorization", "x-api-key", "content-length"}:
            yield name.encode(), value.encode("latin-1")


def _fuzz(
    document: dict[str, Any], there: dict[str, str], send: Send
) -> tuple[int, list[tuple[str, str]]]:
    """Return how many requests were sent, and which were answered with a fault of ours."""
    described = schemathesis.openapi.from_dict(document)
    found: list[Any] = [each.ok() for each in described.get_all_operations()]  # type: ignore[union-attr] # or raises
    count, faults = 0, []
    for operation in sorted(found, key=lambda each: (each.method.upper() in LAST, each.label)):
        if operation.label in ENDLESS:
            continue
        for case in _cases(operation, there):
            count += 1
            request = requests.Request(**case.as_transport_kwargs("http://api")).prepare()
            if send(request) == HTTPStatus.INTERNAL_SERVER_ERROR:
                faults.append((operation.label, f"{request.url} {request.body!r}"))
    return count, faults


def _cases(operation: Any, there: dict[str, str]) -> list[Any]:
    """Return examples of what is allowed and what is not; the same ones each time."""
    known = {name: there[name] for name in there if f"{{{name}}}" in operation.path} or None
    cases: list[Any] = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @BOUNDED
        @given(case=operation.as_strategy(mode, path_parameters=known))
        def collect(case: Any) -> None:
            cases.append(case)

        # where nothing can be sent, nothing wrong can
        with suppress(Unsatisfiable):
            collect()
    return cases
