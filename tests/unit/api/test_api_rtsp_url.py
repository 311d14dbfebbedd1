import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.contracts.cameras import CameraConfig
from services.api.rtsp_url import (
    parse_camera_url,
    parse_host,
    stream_place,
    with_host,
    without_login,
)


def test_login_is_taken_out_of_the_url_and_decoded():
    url = parse_camera_url("RTSP://us%40er:p%3Ass@cam.lan:8554/a?b=c", allow_loopback=False)

    assert url.url == "rtsp://cam.lan:8554/a?b=c"
    assert (url.host, url.username, url.password) == ("cam.lan", "us@er", "p:ss")
    assert "p:ss" not in repr(url)


def test_password_with_an_at_sign_does_not_leak_into_the_host():
    url = parse_camera_url("rtsp://admin:p@ss@192.0.2.7/x", allow_loopback=False)

    assert (url.url, url.password) == ("rtsp://192.0.2.7/x", "p@ss")


def test_at_sign_in_the_path_is_encoded_so_that_the_contract_takes_it():
    url = parse_camera_url("rtsp://192.0.2.7/user@site", allow_loopback=False)

    assert url.url == "rtsp://192.0.2.7/user%40site"
    assert CameraConfig(camera_id="c", name="c", url=url.url).url == url.url


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.168.1.10/stream",
        "rtsp://10.0.0.1:554",
        "rtsps://camera-1.example.org:322/live",
        "rtsp://[2001:db8::1]:8554/x",
        "rtsp://kamera",
    ],
)
def test_ordinary_addresses_are_taken_unchanged(url):
    assert parse_camera_url(url, allow_loopback=False).url == url


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
        "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)  # fmt: skip
def test_this_machine_is_refused_in_every_spelling(host):
    with pytest.raises(ValueError, match=r"loopback|this machine"):
        parse_camera_url(f"rtsp://{host}/x", allow_loopback=False)
    assert parse_camera_url(f"rtsp://{host}/x", allow_loopback=True).url


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "0xa9fea9fe", "2852039166", "[fe80::1]", "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]", "0.0.0.0", "0", "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255",
        "240.0.0.1", "0.1.2.3", "[64:ff9b::a9fe:a9fe]",
    ],
)  # fmt: skip
def test_addresses_that_no_camera_has_are_refused_always(host):
    with pytest.raises(ValueError, match="not allowed as a camera"):
        parse_camera_url(f"rtsp://{host}/x", allow_loopback=True)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://192.0.2.1/", "rtsp:// or rtsps://"),
        ("192.0.2.1", "rtsp:// or rtsps://"),
        ("rtsp:///x", "no host"),
        ("rtsp://user:pass@/x", "no host"),
        ("rtsp://192.0.2.1:0/x", "port"),
        ("rtsp://192.0.2.1:65536/x", "port"),
        ("rtsp://192.0.2.1:http/x", "port"),
        ("rtsp://192.0.2.1/a b", "white space"),
        ("rtsp://192.0.2.1/a\r\nSETUP", "white space"),
        ("rtsp://192.0.2.1/\x00", "white space"),
        ("rtsp://192.0.2.1\\@127.0.0.1/", "white space"),
        ("rtsp://192.0.2.1/a#b", "fragment"),
        ("rtsp://\u2460\u2461\u2466.0.0.1/", "host"),
        ("rtsp://a%2eb/", "host"),
        ("rtsp://a..b/", "host"),
        ("rtsp://[fe80::1%25eth0]/", "host"),
        ("rtsp://[nonsense]/", "host"),
        ("rtsp://-x/", "host"),
        ("rtsp://192.0.2.1/" + "a" * 3000, "longer"),
    ],
)
def test_what_is_wrong_is_said(url, reason):
    with pytest.raises(ValueError, match=reason):
        parse_camera_url(url, allow_loopback=False)


@given(st.text(max_size=60).map(lambda tail: f"rtsp://{tail}"))
@example("rtsp://a:b@c@d/e@f")
def test_what_is_accepted_always_fits_the_contract(text):
    try:
        url = parse_camera_url(text, allow_loopback=False)
    except ValueError:
        return
    assert CameraConfig(camera_id="c", name="c", url=url.url).url == url.url


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("rtsp://192.0.2.1/a", "rtsp://192.0.2.1/a"),
        ("rtsp://a:b@192.0.2.1:554/a", "rtsp://192.0.2.1:554/a"),
        ("http://a:b@c@192.0.2.1/a", "http://192.0.2.1/a"),
        ("rtsp://a:p/w@192.0.2.1/a", ""),
        ("", ""),
    ],
)
def test_login_that_a_device_put_into_an_address_is_taken_out(url, clean):
    assert without_login(url) == clean


@given(st.text(max_size=60))
def test_nothing_of_a_login_is_left_whatever_a_device_tells(text):
    assert "@" not in without_login(text)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("rtsp://192.0.2.1", ("192.0.2.1", 554, "/")),
        ("rtsps://Camera.example./a", ("camera.example", 322, "/a")),
        ("rtsp://[2001:DB8::1]:8554/a?b", ("2001:db8::1", 8554, "/a?b")),
        ("http://192.0.2.1/", None),
        ("rtsp://192.0.2.1:99999/", None),
        ("rtsp://[::1", None),
        ("", None),
    ],
)
def test_place_of_a_stream_is_host_port_and_path(url, place):
    assert stream_place(url) == place


def test_host_is_replaced_and_the_rest_stays():
    assert (
        with_host("rtsp://192.0.2.1:8554/a?b=1", "nvr.example") == "rtsp://nvr.example:8554/a?b=1"
    )


@pytest.mark.parametrize(
    ("text", "host"),
    [("NVR.example", "nvr.example"), ("[2001:DB8::1]", "2001:db8::1"), ("192.0.2.1", "192.0.2.1")],
)
def test_host_of_a_device_is_stored_in_one_spelling(text, host):
    assert parse_host(text, allow_loopback=False) == host


@pytest.mark.parametrize("text", ["", "a b", "a/b", "u@h", "fe80::1%eth0", "127.1", "::1", "a:80"])
def test_host_of_a_device_is_a_host_and_nothing_else(text):
    with pytest.raises(ValueError, match="host"):
        parse_host(text, allow_loopback=False)


@pytest.mark.parametrize("text", ["192.0.2.1:80", "nvr.lan:80", "[2001:db8::1]:80"])
def test_host_with_a_port_is_refused_for_that(text):
    with pytest.raises(ValueError, match="nothing around it"):
        parse_host(text, allow_loopback=False)
