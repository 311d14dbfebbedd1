"""Which ports accept, told by real sockets."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

from services.discovery.sweep import Sweeper

HOST = "127.0.0.1"


@contextlib.contextmanager
def listening(backlog: int = 8) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(backlog)
        yield listener


@contextlib.contextmanager
def crowded() -> Iterator[tuple[socket.socket, int]]:
    """A listener whose queue is full: the kernel leaves further connections waiting."""
    with listening(backlog=0) as listener, socket.socket() as waiting:
        waiting.connect(listener.getsockname())
        yield listener, listener.getsockname()[1]


def closed_port() -> int:
    with listening() as listener:
        return int(listener.getsockname()[1])


async def test_open_ports_are_told_in_the_order_in_which_they_were_asked():
    checked: list[None] = []
    closed = closed_port()
    with listening() as one, listening() as two:
        ports = (two.getsockname()[1], closed, one.getsockname()[1])
        found = await Sweeper(concurrency=1, connect_seconds=5).open_ports(
            HOST, ports, lambda: checked.append(None)
        )

    assert found == (ports[0], ports[2])
    assert len(checked) == 3


async def test_a_port_that_does_not_answer_in_time_is_not_open():
    with crowded() as (_, port):
        found = await Sweeper(concurrency=1, connect_seconds=0.1).open_ports(
            HOST, (port,), lambda: None
        )

    assert found == ()


async def test_a_port_that_accepted_while_this_process_was_held_up_is_open():
    with crowded() as (listener, port):
        sweep = asyncio.create_task(
            Sweeper(concurrency=1, connect_seconds=0.5).open_ports(HOST, (port,), lambda: None)
        )
        await asyncio.sleep(0.1)
        listener.accept()[0].close()
        # the kernel tries again after a second, when our own patience has long ended
        time.sleep(1.5)  # noqa: ASYNC251 - the point of this test

        assert await sweep == (port,)
