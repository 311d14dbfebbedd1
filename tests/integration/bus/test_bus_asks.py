"""One suite for asks in memory and on a server: what who asks and who answers may rely on."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from libs.bus.client import Bus
from libs.bus.errors import AskFailed, BusUnavailable, UndeclaredMessage
from libs.bus.wiring import Wiring
from libs.contracts.asks import (
    Accepted,
    CameraProbed,
    CancelScan,
    ProbeCamera,
    RetryLogin,
    ScanCancelled,
)
from libs.contracts.devices import Failure, FailureReason
from libs.contracts.messages import Ask
from tests.integration.bus.bus_worlds import ServerWorld, World
from tests.waiting import eventually_async, running
from tools.local.nats_server import NatsServer

ASKED = (CancelScan, ProbeCamera, RetryLogin)
API = Wiring(service="api", asks=ASKED)
DISCOVERY = Wiring(service="discovery", answers=ASKED)
SCAN = CancelScan(scan_id="0123456789abcdef")
PROBE = ProbeCamera(host="192.0.2.7")


async def cancelled(_: CancelScan) -> ScanCancelled:
    return ScanCancelled(was_running=True)


def answering(bus: Bus, **handlers: Any) -> AbstractAsyncContextManager[Any]:
    kinds: dict[str, type[Ask[Any]]] = {
        "cancel": CancelScan,
        "probe": ProbeCamera,
        "retry": RetryLogin,
    }
    return running(bus.answer({kinds[name]: handler for name, handler in handlers.items()}))


async def is_answered(bus: Bus) -> bool:
    try:
        await bus.ask(SCAN)
    except BusUnavailable:
        return False
    return True


async def test_a_question_is_answered_by_whoever_declares_it(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)
    failure = Failure(reason=FailureReason.REFUSED, detail="nothing listens")
    heard: list[ProbeCamera] = []

    async def probed(question: ProbeCamera) -> CameraProbed:
        heard.append(question)
        return CameraProbed(failure=failure)

    async with answering(discovery, cancel=cancelled, probe=probed):
        await eventually_async(lambda: is_answered(api))
        answer = await api.ask(PROBE)

    assert heard == [PROBE]
    assert answer == CameraProbed(failure=failure)


async def test_without_anybody_to_answer_who_asks_is_told_so(world: World):
    api = await world.bus(API)

    with pytest.raises(BusUnavailable):
        await api.ask(SCAN)


async def test_only_declared_questions_are_asked_and_answered(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)

    with pytest.raises(UndeclaredMessage):
        await discovery.ask(SCAN)
    with pytest.raises(UndeclaredMessage):
        await api.answer({CancelScan: cancelled})


async def test_a_handler_that_fails_tells_that_it_failed_and_not_why(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)

    async def fails(_: CancelScan) -> ScanCancelled:
        raise RuntimeError("the password is hunter2")

    async with answering(discovery, cancel=fails, retry=_accepts):
        await eventually_async(lambda: _accepted(api))
        with pytest.raises(AskFailed, match="RuntimeError") as caught:
            await api.ask(SCAN)

    assert "hunter2" not in str(caught.value)


async def test_a_question_that_does_not_fit_is_refused_with_the_reason(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)

    async with answering(discovery, cancel=cancelled):
        await eventually_async(lambda: is_answered(api))
        with pytest.raises(AskFailed, match="scan_id"):
            await api.ask(CancelScan.model_construct(scan_id="no id", site="main"))


async def test_a_slow_answer_does_not_hold_up_the_next_one(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)
    release = asyncio.Event()

    async def slow(_: ProbeCamera) -> CameraProbed:
        await release.wait()
        return CameraProbed()

    async with answering(discovery, cancel=cancelled, probe=slow):
        await eventually_async(lambda: is_answered(api))
        probing = asyncio.create_task(api.ask(PROBE))
        assert (await api.ask(SCAN)).was_running
        assert not probing.done()
        release.set()

        assert await probing == CameraProbed()


async def test_each_question_reaches_one_of_several_instances(world: World):
    api = await world.bus(API)
    heard = []

    async def count(_: CancelScan) -> ScanCancelled:
        heard.append(1)
        return ScanCancelled(was_running=True)

    one, two = await world.bus(DISCOVERY), await world.bus(DISCOVERY)
    async with answering(one, cancel=count), answering(two, cancel=count):
        await eventually_async(lambda: is_answered(api))
        before = len(heard)
        await asyncio.gather(*(api.ask(SCAN) for _ in range(20)))

    assert len(heard) == before + 20


async def test_more_questions_at_once_than_one_instance_takes_are_refused(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)
    release = asyncio.Event()

    async def slow(_: ProbeCamera) -> CameraProbed:
        await release.wait()
        return CameraProbed()

    async with answering(discovery, cancel=cancelled, probe=slow):
        await eventually_async(lambda: is_answered(api))
        asked = [asyncio.create_task(api.ask(PROBE)) for _ in range(40)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        release.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)

    assert all("too many" in str(task.exception()) for task in done)
    assert sum(isinstance(answer, AskFailed) for answer in answers) == 8
    assert sum(isinstance(answer, CameraProbed) for answer in answers) == 32


async def test_questions_are_answered_again_after_a_restart_of_the_server(
    server_world: ServerWorld, nats_server: NatsServer
):
    api, discovery = await server_world.bus(API), await server_world.bus(DISCOVERY)

    async with answering(discovery, cancel=cancelled):
        await eventually_async(lambda: is_answered(api))
        await nats_server.stop()
        await nats_server.start()

        await eventually_async(lambda: is_answered(api))


async def test_a_slow_answer_does_not_keep_others_waiting_after_a_restart_of_the_server(
    server_world: ServerWorld, nats_server: NatsServer
):
    # Whoever answered subscribed again only when its last answer was given.
    api, discovery = await server_world.bus(API), await server_world.bus(DISCOVERY)
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(_: ProbeCamera) -> CameraProbed:
        begun.set()
        await release.wait()
        return CameraProbed()

    async with answering(discovery, cancel=cancelled, probe=slow):
        await eventually_async(lambda: is_answered(api))
        probing = asyncio.create_task(api.ask(PROBE))
        await begun.wait()
        await nats_server.stop()
        await nats_server.start()

        await eventually_async(lambda: is_answered(api), within=15)
        # its answer went to a server that is gone; it would wait for it as long as a probe may take
        probing.cancel()
        await asyncio.wait([probing])
        release.set()


async def test_a_question_about_another_site_is_not_answered(world: World):
    api, discovery = await world.bus(API), await world.bus(DISCOVERY)

    async with answering(discovery, cancel=cancelled):
        await eventually_async(lambda: is_answered(api))
        with pytest.raises(BusUnavailable):
            await api.ask(SCAN.model_copy(update={"site": "other"}))


async def _accepts(_: RetryLogin) -> Accepted:
    return Accepted()


async def _accepted(bus: Bus) -> bool:
    try:
        await bus.ask(RetryLogin(device_id="nvr"))
    except BusUnavailable:
        return False
    return True
