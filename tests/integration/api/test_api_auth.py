import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.api.keys import new_key, revoke_key
from tests.integration.api.conftest import Api

OPEN = {
    ("get", "/api/v1/health"),
    ("get", "/api/v1/version"),
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
}


def every_operation(api: Api) -> list[tuple[str, str]]:
    paths = api.app.openapi()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def concrete(path: str) -> str:
    return re.sub(r"\{\w+\}", "front-door", path)


async def answers(client: httpx.AsyncClient, operations) -> dict[tuple[str, str], int]:
    return {
        (method, path): (await client.request(method, concrete(path), content=b"{")).status_code
        for method, path in operations
    }


async def test_every_route_refuses_without_a_key_before_it_looks_at_anything(api: Api):
    operations = every_operation(api)
    assert len(operations) > 20

    async with api.anonymous() as client:
        found = await answers(client, operations)

    assert {operation for operation, status in found.items() if status != 401} == OPEN


async def test_every_route_refuses_a_wrong_key(api: Api):
    async with api.anonymous(Authorization=f"Bearer {new_key()}") as client:
        found = await answers(client, every_operation(api))

    assert {path for (_, path), status in found.items() if status != 401} == {
        "/api/v1/health",
        "/api/v1/version",
    }


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing", "/api", "/api/v1/cameras/"])
async def test_paths_of_the_api_that_do_not_exist_need_a_key_too(api: Api, path):
    async with api.anonymous() as client:
        answer = await client.get(f"http://api{path}")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_key_opens_in_either_header(api: Api):
    for headers in ({"Authorization": f"bearer {api.key}"}, {"X-API-Key": api.key}):
        async with api.anonymous(**headers) as client:
            assert (await client.get("/api/v1/cameras")).status_code == 200


async def test_signature_of_one_recording_opens_nothing_else(api: Api):
    async with api.anonymous() as client:
        for path in (
            "cameras?",
            "media/x.mp4?",
            "cameras/front-door/playback.m3u8?from=2026-11-20T00:00:00Z&",
        ):
            answer = await client.get(f"/api/v1/{path}exp=9999999999&sig=made-up")
            assert answer.status_code == 401


async def test_revoked_key_ends_and_use_is_noted(api: Api):
    assert (await api.client.get("/api/v1/cameras")).status_code == 200
    async with api.database.connection() as db:
        assert await db.fetchval("select last_used_at is not null from api_keys")
        assert await revoke_key(db, api.key[:10])
        assert not await revoke_key(db, api.key[:10])
    api.context.principals.forget()

    assert (await api.client.get("/api/v1/cameras")).status_code == 401


async def test_stored_key_cannot_be_read_back(api: Api):
    async with api.database.connection() as db:
        (row,) = [dict(row) for row in await db.fetch("select * from api_keys")]

    assert api.key not in str(row)
    assert len(row["prefix"]) < 12


async def test_documents_are_open_and_load_nothing_from_elsewhere(api: Api):
    async with api.anonymous() as client:
        page = await client.get("/api/docs")
        document = await client.get("/api/openapi.json")

    assert page.status_code == document.status_code == 200
    assert "/api/v1/cameras/{camera_id}" in page.text
    assert "http" not in re.sub(r"HTTP", "", page.text).replace("https", "http")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_preflight_of_another_origin_is_allowed_nothing(api: Api):
    asking = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-api-key",
    }

    async with api.anonymous(**asking) as client:
        for path in ("/api/v1/session", "/api/v1/cameras", "/api/v1/session/refresh", "/"):
            answer = await client.options(path)
            assert not answer.is_success
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_answers_carry_security_headers_and_allow_no_other_origin(api: Api):
    answer = await api.client.get("/api/v1/cameras", headers={"Origin": "http://evil.example"})

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_large_body_is_refused_whether_or_not_it_says_its_size(api: Api):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    declared = await api.client.post("/api/v1/cameras", content=b"x" * 70_000)
    undeclared = await api.client.post("/api/v1/cameras", content=endless())

    assert (declared.status_code, undeclared.status_code) == (413, 413)
    for answer in (declared, undeclared):
        assert answer.headers["content-type"] == "application/problem+json"
        assert "65536 bytes" in answer.json()["detail"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_errors_have_one_shape(api: Api):
    for answer in (
        await api.client.get("/api/v1/nothing"),
        await api.client.put("/api/v1/cameras"),
        await api.client.post("/api/v1/cameras", content=b"{"),
        await api.client.get("/api/v1/cameras/nobody"),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json().keys() >= {"title", "status", "detail"}
        assert answer.json()["status"] == answer.status_code


async def test_what_is_wrong_is_named_also_where_it_is_no_single_field(api: Api):
    # These were named `0` (a position in the text) and `query query`.
    is_json = {"Content-Type": "application/json"}
    no_json = await api.client.post("/api/v1/cameras", content=b"{", headers=is_json)
    bad_range = await api.client.get(
        "/api/v1/recordings?from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z"
    )

    assert no_json.json()["errors"] == [{"field": "body", "problem": "is not JSON"}]
    assert bad_range.json()["errors"] == [
        {"field": "query", "problem": "`to` must come after `from`"}
    ]


async def test_metrics_count_requests_by_template_and_not_by_path(api: Api):
    from services.api.metrics import REQUESTS

    await api.client.get("/api/v1/cameras/nobody-in-metrics")

    labels = {sample.labels.get("route") for m in REQUESTS.collect() for sample in m.samples}
    assert "/api/v1/cameras/{camera_id}" in labels
    assert not [label for label in labels if label and "nobody-in-metrics" in label]
