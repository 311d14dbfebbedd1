from typing import Any

import pytest

from services.api import audit_log
from services.api.audit_log import AuditLog


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembering(clock: Clock) -> AuditLog:
    nowhere: Any = None
    return AuditLog(nowhere, clock)


def test_same_viewing_is_told_again_when_its_time_is_over(remembering, clock):
    assert remembering.is_new("yard", 300)
    clock.now += 299
    assert not remembering.is_new("yard", 300)
    clock.now += 1
    assert remembering.is_new("yard", 300)


def test_viewing_that_goes_on_is_told_once(remembering, clock):
    assert remembering.is_new("yard", 300, prolongs=True)
    for _ in range(10):
        clock.now += 200
        assert not remembering.is_new("yard", 300, prolongs=True)
    clock.now += 300
    assert remembering.is_new("yard", 300, prolongs=True)


def test_only_so_many_viewings_are_remembered(remembering, monkeypatch):
    monkeypatch.setattr(audit_log, "MOST_REMEMBERED", 2)

    assert [remembering.is_new(key, 300) for key in "abcbca"] == [True] * 3 + [False] * 2 + [True]
