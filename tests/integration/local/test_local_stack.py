"""A whole installation: who runs where, with what settings, and in which order it ends."""

import dataclasses
import json
import socket
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tools.local.ports import LOOPBACK, PortBusy, free_port
from tools.local.processes import ProcessExited
from tools.local.stack import Stack, StackOptions


async def test_streamers_run_beside_api_and_recorders_and_end_after_the_recorders(
    reachable_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERFRAME_STREAMER_MAX_VIEWERS", "7")
    monkeypatch.setenv("EVERFRAME_STREAMER_PORT", "1")
    options = StackOptions.for_tests(reachable_dir, recorders=1, streamers=2)
    options = dataclasses.replace(options, streamer_env={"EVERFRAME_STREAMER_MAX_CONNECTIONS": "9"})
    stack = Stack(options)

    with pytest.raises(ProcessExited, match="STREAMER_MAX_CONNECTIONS"):
        await stack.start()
    stack = Stack(dataclasses.replace(options, streamer_env={}))
    await stack.start()
    try:
        names = list(stack.services)
        environments = [stack._environments.streamer(number) for number in (1, 2)]
        api = stack._environments.api()
        async with httpx.AsyncClient(timeout=10) as http:
            answers = [
                (await http.get(f"{url}/api/v1/cameras/x/snapshot.jpg")).status_code
                for url in stack.streamer_urls
            ]
    finally:
        await stack.stop()

    assert names == ["api", "streamer-1", "streamer-2", "recorder-1"]
    assert [p.is_running for p in stack.services.values()] == [False] * 4
    assert answers == [httpx.codes.UNAUTHORIZED] * 2
    assert len({env["EVERFRAME_STREAMER_PORT"] for env in environments} - {"1"}) == 2
    assert [env["EVERFRAME_STREAMER_INSTANCE"] for env in environments] == ["1", "2"]
    assert {env["EVERFRAME_STREAMER_MAX_VIEWERS"] for env in environments} == {"7"}
    assert {env["EVERFRAME_STREAMER_LIVE_KEY"] for env in environments} == {
        api["EVERFRAME_API_LIVE_KEY"]
    }
    assert api["EVERFRAME_API_STREAMER_URLS"].split(",") == stack.streamer_urls
    assert _lines(stack, "recorder-1")[-1] <= _first(stack, "streamer-2", "service.stopping")
    assert "Violation" not in (stack.servers.data.logs / "nats.log").read_text()


async def test_the_port_of_a_streamer_that_is_taken_is_named_before_anything_starts(
    reachable_dir: Path,
) -> None:
    options = StackOptions.for_tests(reachable_dir, streamers=2)
    with socket.socket() as taken:
        taken.bind((LOOPBACK, first := free_port()))
        taken.listen()
        stack = Stack(dataclasses.replace(options, streamer_port=first))

        with pytest.raises(PortBusy, match=rf"{first} .* streamer 1 .* --streamer-port"):
            await stack.start()

    assert stack.streamer_urls[1].endswith(f":{first + 1}")
    assert stack.services == {}


def _events(stack: Stack, name: str) -> list[dict[str, str]]:
    text = (stack.servers.data.logs / f"{name}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _lines(stack: Stack, name: str) -> list[datetime]:
    return [datetime.fromisoformat(event["timestamp"]) for event in _events(stack, name)]


def _first(stack: Stack, name: str, event: str) -> datetime:
    return next(
        datetime.fromisoformat(line["timestamp"])
        for line in _events(stack, name)
        if line["event"] == event
    )
