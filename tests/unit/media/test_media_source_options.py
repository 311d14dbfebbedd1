import av
import av.error
import pytest

from libs.media.errors import SourceError, SourceErrorKind
from libs.media.source import RtspSource
from libs.media.source_options import Transport, libav_options, libav_url

# Never connected to: a bad option value is found before.
NOWHERE = "rtsp://127.0.0.1:9/"
TAKES_ANY_TEXT = {"ca_file"}


def all_options(transport: Transport = "udp") -> dict[str, str]:
    return libav_options(
        transport=transport, stall_seconds=5.0, analysis_seconds=0.3, verify_tls=True
    )


@pytest.mark.parametrize("name", sorted(all_options().keys() - TAKES_ANY_TEXT))
def test_libav_knows_every_option_and_so_refuses_a_bad_value(name):
    with pytest.raises(av.error.ArgumentError):
        av.open(NOWHERE, format="rtsp", options={name: "no such value"})


def test_times_are_given_in_microseconds():
    options = all_options()

    assert options["timeout"] == "5000000"
    assert options["analyzeduration"] == "300000"


def test_a_time_libav_could_not_hold_is_capped():
    options = libav_options(
        transport="tcp", stall_seconds=86_400.0, analysis_seconds=0.3, verify_tls=False
    )

    assert options["timeout"] == str(2**31 - 1)


def test_only_udp_gets_a_receive_buffer():
    assert "buffer_size" in all_options("udp")
    assert "buffer_size" not in all_options("tcp")


@pytest.mark.parametrize(
    ("username", "password", "url"),
    [
        (None, None, "rtsp://camera/s"),
        ("admin", "hush", "rtsp://admin:hush@camera/s"),
        ("admin", None, "rtsp://admin:@camera/s"),
        ("us er", "p:/?#%@", "rtsp://us%20er:p%3A%2F%3F%23%25%40@camera/s"),
        ("admin", "ö!$", "rtsp://admin:%C3%B6!$@camera/s"),
    ],
)
def test_credentials_are_encoded_for_libav(username, password, url):
    assert libav_url("rtsp://camera/s", username, password) == url


def test_credentials_libav_would_cut_off_are_refused():
    with pytest.raises(SourceError) as caught:
        libav_url("rtsp://camera/s", "admin", "x" * 122)

    assert caught.value.kind is SourceErrorKind.UNAUTHORIZED
    assert "xxx" not in str(caught.value)


def test_credentials_in_the_url_are_refused_without_repeating_them():
    with pytest.raises(ValueError, match="beside the URL") as caught:
        RtspSource("rtsp://admin:hush@camera/s")

    assert "hush" not in str(caught.value)


def test_packets_before_open_is_a_mistake():
    source = RtspSource("rtsp://camera/s")

    with pytest.raises(RuntimeError, match="open"):
        next(source.packets())
