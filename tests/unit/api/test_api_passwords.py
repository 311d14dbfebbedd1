import asyncio
import re
import threading

import argon2
import pytest

from libs.web.problems import Problem
from services.api.passwords import AT_ONCE, WAITING, Passwords, new_password, password_problem

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.mark.parametrize(
    ("password", "name", "is_good"),
    [
        ("x" * 9, "alice", False),
        ("x" * 10, "alice", True),
        ("x" * 256, "alice", True),
        ("x" * 257, "alice", False),
        ("Alice-Smith", "alice-smith", False),
        (" alice-smith ", "alice-smith", False),
        ("alice-smith1", "alice-smith", True),
        ("пароль пароль", "alice", True),
    ],
)
def test_rules(password, name, is_good):
    assert (password_problem(password, name) is None) is is_good


def test_made_passwords_differ_and_can_be_typed():
    made = {new_password() for _ in range(100)}

    assert len(made) == 100
    assert all(re.fullmatch(r"([a-km-np-z2-9]{5}-){4}[a-km-np-z2-9]{5}", each) for each in made)
    assert password_problem(made.pop(), "admin") is None


async def test_only_the_right_password_fits():
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("correct horse battery")

    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert await passwords.verify(stored, "correct horse battery")
    assert not await passwords.verify(stored, "correct horse batterY")
    assert not await passwords.verify(None, "correct horse battery")
    assert not await passwords.verify("not a hash", "correct horse battery")


async def test_same_signs_typed_in_another_way_fit():
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("caf\u00e9 caf\u00e9 caf\u00e9")

    assert await passwords.verify(stored, "cafe\u0301 cafe\u0301 cafe\u0301")


async def test_hash_of_nobody_is_as_laborious_as_any():
    nobody = argon2.extract_parameters(Passwords()._nobodys)

    assert nobody == argon2.extract_parameters(argon2.PasswordHasher().hash("x"))
    assert not await Passwords(CHEAP).verify(None, "")


async def test_hash_with_other_parameters_is_outdated():
    stored = await Passwords(CHEAP).hash("correct horse battery")

    assert not Passwords(CHEAP).is_outdated(stored)
    assert Passwords().is_outdated(stored)


class Held(argon2.PasswordHasher):
    """Hashes nothing before it may; counts how many try at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.may_go_on = threading.Event()
        self.begun = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.begun += 1
        self.may_go_on.wait(10)
        return super().hash(password, salt=salt)


async def test_flood_of_sign_ins_is_bounded_and_does_not_stop_the_loop():
    hasher = Held()
    passwords = Passwords(hasher)
    allowed = [asyncio.create_task(passwords.hash("x")) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(Problem) as refusal:
        await passwords.hash("x")

    assert refusal.value.status == 503
    assert hasher.begun <= AT_ONCE
    hasher.may_go_on.set()
    assert len(set(await asyncio.gather(*allowed))) == AT_ONCE + WAITING
    assert await passwords.hash("x")
