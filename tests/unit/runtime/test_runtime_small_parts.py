"""Back-off, clock and credentials."""

from dataclasses import dataclass

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.backoff import Backoff
from libs.runtime.clock import STEP_SECONDS, SystemClock, WallClock, utc_now
from libs.runtime.credentials import CameraCredentials, CredentialBox, CredentialsUnreadable

LOGIN = CameraCredentials("admin", "hunter2 \N{SNOWMAN}")


# ---- back-off ---------------------------------------------------------------------------------
@given(first=st.floats(0.01, 5), most=st.floats(0.01, 60), tries=st.integers(1, 80))
def test_delays_double_up_to_the_longest_and_keep_half_of_it(first: float, most: float, tries: int):
    backoff = Backoff(first_seconds=first, max_seconds=most)

    for number in range(tries):
        bound = min(most, first * 2.0 ** min(number, 30))
        assert bound / 2 <= backoff.next_seconds() <= bound
    assert backoff.attempt == tries


def test_after_a_success_delays_begin_anew():
    backoff = Backoff(first_seconds=1, max_seconds=60)
    for _ in range(9):
        backoff.next_seconds()

    backoff.reset()

    assert backoff.attempt == 0
    assert backoff.next_seconds() <= 1


def test_delays_differ_between_cameras():
    delays = {Backoff(first_seconds=1, max_seconds=1).next_seconds() for _ in range(20)}

    assert len(delays) > 10


# ---- clock ------------------------------------------------------------------------------------
@dataclass
class SetClock:
    """Shows what it is told."""

    ticks: float = 100.0
    wall: float = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.ticks

    def unix(self) -> float:
        return self.wall

    def run(self, seconds: float, *, gained: float = 0.0) -> None:
        self.ticks += seconds
        self.wall += seconds + gained


def test_monotonic_moments_have_the_wall_time_of_the_last_check():
    clock = SetClock()
    wall = WallClock(clock)
    clock.run(10)

    assert wall.check() == 0.0
    assert wall.unix_at(105.0) == 1_700_000_005.0


@pytest.mark.parametrize("gained", [3600.0, -3600.0, 1.5, -1.5, 1e9])
def test_a_clock_that_was_set_is_told_once(gained: float):
    clock = SetClock()
    wall = WallClock(clock)
    clock.run(5, gained=gained)

    told = wall.check()
    again = wall.check()

    assert told == pytest.approx(gained)
    assert again == 0.0
    assert wall.unix_at(clock.ticks) == pytest.approx(clock.wall)


@given(slews=st.lists(st.floats(-0.9, 0.9), max_size=30))
def test_small_corrections_are_followed_without_a_word(slews: list[float]):
    clock = SetClock()
    wall = WallClock(clock)

    for gained in slews:
        clock.run(1, gained=gained)
        assert wall.check() == 0.0
        assert wall.unix_at(clock.ticks) == pytest.approx(clock.wall)
    assert STEP_SECONDS == 1.0


def test_the_moment_of_a_clock_is_aware():
    moment = utc_now(SetClock())

    assert moment.timestamp() == 1_700_000_000.0
    assert moment.utcoffset() is not None
    assert SystemClock().unix() > 1_700_000_000


# ---- credentials ------------------------------------------------------------------------------
def key() -> str:
    return Fernet.generate_key().decode()


@given(username=st.text(max_size=30), password=st.text(max_size=60))
def test_credentials_survive_sealing(username: str, password: str):
    box = CredentialBox(key())

    assert box.open(box.seal(CameraCredentials(username, password))) == CameraCredentials(
        username, password
    )


def test_keys_rotate_without_losing_a_login():
    old, new = key(), key()
    token = CredentialBox(old).seal(LOGIN)
    both = CredentialBox(f" {new} , {old},")

    assert both.open(token) == LOGIN
    assert CredentialBox(new).open(both.seal(LOGIN)) == LOGIN
    with pytest.raises(CredentialsUnreadable, match="enter the camera's"):
        CredentialBox(new).open(token)
    with pytest.raises(CredentialsUnreadable):
        CredentialBox(old).open(both.seal(LOGIN))


def test_renewed_login_opens_without_the_old_key_and_is_renewed_once():
    old, new = key(), key()
    both = CredentialBox(f"{new},{old}")
    token = CredentialBox(old).seal(LOGIN)

    renewed = both.renewed(token)

    assert CredentialBox(new).open(renewed) == LOGIN
    assert both.renewed(renewed) == renewed
    with pytest.raises(CredentialsUnreadable):
        CredentialBox(new).renewed(token)


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAA", "\N{SNOWMAN}"])
def test_what_is_no_token_is_said_to_be_unreadable(token: str):
    with pytest.raises(CredentialsUnreadable) as caught:
        CredentialBox(key()).open(token)

    assert token == "" or token not in str(caught.value)


@pytest.mark.parametrize("keys", ["", " , ", "short", "a" * 44])
def test_keys_that_cannot_work_are_refused(keys: str):
    with pytest.raises(ValueError, match=r".+"):
        CredentialBox(keys)


def test_a_sealed_login_shows_nothing_and_neither_does_its_repr():
    token = CredentialBox(key()).seal(LOGIN)

    assert "hunter2" not in token
    assert "admin" not in token
    assert "hunter2" not in repr(LOGIN)
