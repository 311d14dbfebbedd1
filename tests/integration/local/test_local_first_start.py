"""A whole installation: how its first admin gets in, and programs get a key."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tools.local.processes import ProcessError
from tools.local.stack import Stack, StackOptions, make_key

SESSION = "/api/v1/session"


async def sign_in(client: httpx.AsyncClient, password: str) -> int:
    answer = await client.post(SESSION, json={"name": "admin", "password": password})
    return answer.status_code


async def test_first_start_returns_a_password_once_and_commands_work_beside_and_without_it(
    reachable_dir: Path,
):
    options = replace(StackOptions.for_tests(reachable_dir, recorders=0), api_env={})
    stack = Stack(options)
    password = await stack.start()
    try:
        assert password is not None
        async with httpx.AsyncClient(
            base_url=stack.api_url, headers={"Origin": stack.api_url}
        ) as browser:
            assert await sign_in(browser, password) == 200
            assert (await browser.post(f"{SESSION}/refresh")).status_code == 200
            # the limits that people have
            found = [200]
            while found[-1] == 200 and len(found) < 2000:
                found.append((await browser.get("/api/v1/cameras")).status_code)
        key = await stack.make_key("test")
        beside = await Stack(options).command_anyhow(*make_key("test"))
        async with httpx.AsyncClient(base_url=stack.api_url) as program:
            statuses = [
                (await program.get(SESSION, headers={"X-API-Key": each})).status_code
                for each in (key, beside)
            ]
        await stack.stop()
        logs = "".join(path.read_text() for path in (reachable_dir / "logs").iterdir())
    finally:
        await stack.stop()

    reset = await Stack(options).command_anyhow("services.api.users", "reset", "admin")
    second = Stack(options)
    try:
        assert await second.start() is None
        async with httpx.AsyncClient(base_url=second.api_url) as client:
            assert [await sign_in(client, each) for each in (password, reset)] == [401, 200]
    finally:
        await second.stop()

    assert len(found) >= 100
    assert found[-1] == 429
    assert statuses == [401, 200]
    assert not [secret for secret in (password, key, beside) if secret in logs]


async def test_first_start_that_fails_does_not_use_up_the_password(reachable_dir: Path):
    # The admin was made before the services started: where one did not, nobody ever saw the
    # password, and the next start had none to show.
    options = StackOptions.for_tests(reachable_dir, recorders=0)
    broken = {**options.api_env, "EVERFRAME_API_MAX_CONNECTIONS": "0"}
    with pytest.raises(ProcessError):
        await Stack(replace(options, api_env=broken)).start()

    stack = Stack(options)
    try:
        assert await stack.start() is not None
    finally:
        await stack.stop()
