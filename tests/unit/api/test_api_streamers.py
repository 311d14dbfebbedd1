import pytest

from services.api.streamers import AVOID_SECONDS, Streamers, StreamerUrlInvalid, parse_urls

URLS = tuple(f"http://10.0.0.{number}:8090" for number in range(1, 4))


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_list_may_have_spaces_slashes_and_a_comma_at_its_end():
    assert parse_urls(" http://a:1/, https://b ,") == ("http://a:1", "https://b")
    assert parse_urls("") == ()


@pytest.mark.parametrize(
    "text", ["a:8090", "ftp://a", "http://", "http://a/x", "http://u:p@a", "http://a:99999"]
)
def test_what_is_no_address_of_a_server_is_refused_by_name(text):
    with pytest.raises(StreamerUrlInvalid, match="http://host:port"):
        parse_urls(f"http://good:1,{text}")


def test_camera_keeps_its_streamer_whatever_the_order_in_the_settings():
    for camera_id in ("door", "garage", "yard"):
        one = list(Streamers(URLS).in_order(camera_id))
        other = list(Streamers(URLS[::-1]).in_order(camera_id))

        assert one == other
        assert sorted(one) == sorted(URLS)


def test_cameras_are_spread_and_only_those_of_a_lost_streamer_move():
    cameras = [f"camera-{number}" for number in range(300)]
    first = {camera: next(Streamers(URLS).in_order(camera)) for camera in cameras}
    left = {camera: next(Streamers(URLS[1:]).in_order(camera)) for camera in cameras}

    assert all(60 < list(first.values()).count(url) < 140 for url in URLS)
    assert {c for c in cameras if left[c] != first[c]} == {
        c for c in cameras if first[c] == URLS[0]
    }


def test_streamer_that_failed_is_asked_last_for_a_while_and_not_forgotten():
    time = Time()
    streamers = Streamers(URLS, monotonic=time)
    best, second, third = streamers.in_order("door")

    streamers.failed(best)
    assert list(streamers.in_order("door")) == [second, third, best]

    time.now += AVOID_SECONDS
    assert list(streamers.in_order("door")) == [best, second, third]


def test_streamer_that_answered_is_trusted_at_once():
    streamers = Streamers(URLS, monotonic=Time())
    best = next(streamers.in_order("door"))

    streamers.failed(best)
    streamers.answered(best)

    assert next(streamers.in_order("door")) == best
