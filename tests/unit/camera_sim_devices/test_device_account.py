import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tools.camera_sim.devices.account import Account
from tools.camera_sim.devices.faults import DeviceFaults

TARGET = "/ISAPI/System/deviceInfo?a=1"


class Fixture:
    def __init__(self, **faults: object) -> None:
        self.at = datetime(2025, 7, 1, 12, tzinfo=UTC)
        self.faults = DeviceFaults()
        for name, value in faults.items():
            self.faults.change(name, value)
        self.account = Account(
            "admin", "secret", realm="Camera", faults=self.faults, now=lambda: self.at
        )

    def nonce(self) -> str:
        return self.account.challenges()[0].partition('nonce="')[2].partition('"')[0]

    def digest(
        self, nonce: str, password: str = "secret", *, uri: str = TARGET, qop: bool = True
    ) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        middle = f"{nonce}:00000001:abc:auth" if qop else nonce
        response = md5(f"{md5(f'admin:Camera:{password}')}:{middle}:{md5(f'GET:{uri}')}")
        extra = ', qop=auth, nc=00000001, cnonce="abc"' if qop else ""
        return (
            f'Digest username="admin", realm="Camera", nonce="{nonce}", uri="{uri}", '
            f'response="{response}"{extra}'
        )

    def login(self, password: str = "secret", source: str = "192.0.2.1") -> str:
        header = self.digest(self.nonce(), password)
        return self.account.check(source, "GET", TARGET, header).outcome


@pytest.mark.parametrize("qop", [True, False])
def test_digest_is_accepted_with_and_without_qop(*, qop: bool) -> None:
    fixture = Fixture()

    header = fixture.digest(fixture.nonce(), qop=qop)

    assert fixture.account.check("192.0.2.1", "GET", TARGET, header).allows


def test_a_digest_over_the_path_without_its_query_is_rejected() -> None:
    fixture = Fixture()

    header = fixture.digest(fixture.nonce(), uri=TARGET.partition("?")[0])

    assert fixture.account.check("192.0.2.1", "GET", TARGET, header).outcome == "rejected"


def test_a_request_without_a_login_is_challenged_and_does_not_count() -> None:
    fixture = Fixture()

    verdict = fixture.account.check("192.0.2.1", "GET", TARGET, None)

    assert (verdict.outcome, verdict.retries_left) == ("challenged", 7)
    assert fixture.account.attempts == 0


def test_an_unknown_nonce_is_stale_only_with_the_right_password() -> None:
    fixture = Fixture()
    foreign = "0" * 32

    right = fixture.account.check("192.0.2.1", "GET", TARGET, fixture.digest(foreign))
    wrong = fixture.account.check("192.0.2.1", "GET", TARGET, fixture.digest(foreign, "guess"))

    assert (right.outcome, wrong.outcome) == ("stale", "rejected")
    assert fixture.account.attempts == 1


def test_basic_is_a_wrong_try_where_only_digest_is_offered() -> None:
    fixture = Fixture()
    header = "Basic " + base64.b64encode(b"admin:secret").decode()

    digest_only = fixture.account.check("192.0.2.1", "GET", TARGET, header)
    fixture.faults.auth_scheme = "both"
    both = fixture.account.check("192.0.2.1", "GET", TARGET, header)

    assert (digest_only.outcome, both.outcome) == ("rejected", "allowed")


@pytest.mark.parametrize(
    "header", ["Basic ???", "Digest", "Digest username=admin", "Bearer x", "", "Basic ü", "ü"]
)
def test_headers_that_make_no_sense_allow_nothing(header: str) -> None:
    assert not Fixture().account.check("192.0.2.1", "GET", TARGET, header).allows


def test_a_response_of_strange_letters_is_a_wrong_one() -> None:
    fixture = Fixture()
    header = f'Digest username="admin", nonce="{fixture.nonce()}", uri="{TARGET}", response="ü"'

    assert fixture.account.check("192.0.2.1", "GET", TARGET, header).outcome == "rejected"


def test_the_lock_holds_for_one_source_and_refuses_the_right_password() -> None:
    fixture = Fixture(lockout_tries=2, lockout_seconds=60)

    tries = [fixture.login("a"), fixture.login("b"), fixture.login()]
    elsewhere = fixture.login(source="192.0.2.2")

    assert tries == ["rejected", "rejected", "locked"]
    assert elsewhere == "allowed"


def test_a_try_during_the_lock_starts_it_anew() -> None:
    fixture = Fixture(lockout_tries=1, lockout_seconds=60)
    fixture.login("wrong")

    fixture.at += timedelta(seconds=50)
    during = fixture.login()
    fixture.at += timedelta(seconds=50)
    again = fixture.account.lock_of("192.0.2.1").unlock_seconds
    fixture.at += timedelta(seconds=11)

    assert (during, again) == ("locked", 10)
    assert fixture.login() == "allowed"


def test_a_good_login_forgets_the_wrong_ones_before() -> None:
    fixture = Fixture(lockout_tries=2)

    outcomes = [fixture.login(word) for word in ("a", "secret", "b", "secret")]

    assert outcomes == ["rejected", "allowed", "rejected", "allowed"]


def test_after_the_lock_the_count_begins_anew() -> None:
    fixture = Fixture(lockout_tries=2, lockout_seconds=60)
    fixture.login("a")
    fixture.login("b")

    fixture.at += timedelta(seconds=61)

    assert [fixture.login("c"), fixture.login()] == ["rejected", "allowed"]


def test_zero_tries_never_lock() -> None:
    fixture = Fixture(lockout_tries=0)

    assert {fixture.login("wrong") for _ in range(20)} == {"rejected"}


def test_nonces_are_forgotten_so_that_memory_is_bounded() -> None:
    fixture = Fixture()
    first = fixture.nonce()

    for _ in range(1500):
        fixture.account.challenges()

    assert fixture.account.check("x", "GET", TARGET, fixture.digest(first)).outcome == "stale"
