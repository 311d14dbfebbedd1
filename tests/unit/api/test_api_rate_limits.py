import pytest

from services.api.access import Permission, Principal
from services.api.rate_limits import RateLimits, Verdict, network_of

ALICE = Principal("user", "1", "alice", frozenset(Permission))
KEY = Principal("key", "1", "alice", frozenset(Permission))


class Now:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def limits(now: Now) -> RateLimits:
    return RateLimits(requests_per_minute=60, media_requests_per_minute=600, monotonic=now)


def take(
    found: RateLimits, principal: Principal | None = ALICE, path: str = "cameras", address: str = ""
) -> Verdict:
    verdict = found.take({"path": f"/api/v1/{path}"}, principal, address)
    assert verdict is not None
    return verdict


def test_as_many_as_a_minute_allows_may_come_at_once_and_then_one_by_one():
    now = Now()
    found = limits(now)

    first = [take(found).retry_seconds for _ in range(61)]
    now.at += 1
    later = [take(found).retry_seconds for _ in range(2)]

    assert first == [0] * 60 + [1]
    assert later == [0, 1]


def test_headers_tell_what_is_left():
    found = limits(Now())
    for _ in range(14):
        take(found)

    assert take(found).headers == {
        "RateLimit-Policy": '"api";q=60;w=60',
        "RateLimit": '"api";r=45;t=15',
    }


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("media/x.mp4", "media"),
        ("media/x/iframes/3.mp4", "media"),
        ("recordings/x/download", "media"),
        ("cameras/yard/live/master.m3u8", "media"),
        ("cameras/yard/live/ws", "media"),
        ("cameras/yard/snapshot.jpg", "media"),
        ("cameras/yard/playback.m3u8", "media"),
        ("cameras/yard/iframes.m3u8", "media"),
        ("cameras/yard/clip.mp4", "media"),
        ("cameras/yard/clip", "api"),
        ("cameras/yard/live-links", "api"),
        ("cameras/yard/recordings", "api"),
        ("session", "api"),
        ("nothing", "api"),
    ],
)
def test_media_and_live_count_apart(path, sort):
    assert take(limits(Now()), path=path).sort == sort


@pytest.mark.parametrize("path", ["/", "/live", "/api/v1/health", "/api/v1/version", "/api/docs"])
def test_pages_and_what_watches_over_the_service_have_no_limit(path):
    assert limits(Now()).take({"path": path}, None, "192.0.2.1") is None


def test_callers_do_not_use_up_each_others_requests():
    found = limits(Now())
    for _ in range(61):
        take(found)

    assert take(found).retry_seconds > 0
    assert take(found, KEY).retry_seconds == 0
    assert take(found, None, address="192.0.2.1").retry_seconds == 0
    assert take(found, path="media/x.mp4").retry_seconds == 0


def test_flood_from_many_addresses_is_forgotten_before_those_who_signed_in(monkeypatch):
    monkeypatch.setattr("services.api.rate_limits.MOST_BUCKETS", 50)
    found = limits(Now())
    for _ in range(60):
        take(found)
    for number in range(500):
        take(found, None, address=f"192.0.{number // 250}.{number % 250}")

    assert len(found._of_addresses) == 50
    assert take(found).retry_seconds > 0


def test_clock_that_stands_still_or_rests_a_year_gives_no_more_than_a_full_bucket():
    now = Now()
    found = limits(now)
    take(found)
    now.at += 365 * 86_400

    assert [take(found).retry_seconds for _ in range(61)] == [0] * 60 + [1]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::1", "::"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_ipv6_callers_count_by_their_network(address, network):
    assert network_of(address) == network
