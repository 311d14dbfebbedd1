import av.error
import pytest

from libs.media.errors import SourceError, SourceErrorKind, from_libav, without_credentials

URL = "rtsp://192.0.2.7:554/stream1"
URL_WITH_SECRET = "rtsp://admin:hush%40@192.0.2.7:554/stream1"


def libav_error(
    error_class: type[av.error.FFmpegError], text: str = "went wrong", number: int = 5
) -> av.error.FFmpegError:
    return error_class(number, text, URL_WITH_SECRET, (1, (16, "rtsp", URL_WITH_SECRET)))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://camera/stream", "rtsp://camera/stream"),
        ("rtsp://admin:hush@camera:554/a@b", "rtsp://camera:554/a@b"),
        ("rtsp://admin:hu@sh@camera/", "rtsp://camera/"),
        ("rtsp://c/s?user=a&password=hush&channel=1", "rtsp://c/s?user=a&password=***&channel=1"),
        (
            "rtsp://c/user=a_password=hush_channel=1.sdp",
            "rtsp://c/user=a_password=***_channel=1.sdp",
        ),
        ("rtsp://c/s?pwd=hush#x", "rtsp://c/s?pwd=***#x"),
        ("rtsp://c/compass=north", "rtsp://c/compass=north"),
        ("admin:hush@camera", "camera"),
    ],
)
def test_a_shown_url_holds_no_credentials(url, shown):
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    ("error_class", "kind"),
    [
        (av.error.ConnectionRefusedError, SourceErrorKind.REFUSED),
        (av.error.TimeoutError, SourceErrorKind.TIMEOUT),
        (av.error.ExitError, SourceErrorKind.TIMEOUT),
        (av.error.HTTPUnauthorizedError, SourceErrorKind.UNAUTHORIZED),
        (av.error.HTTPForbiddenError, SourceErrorKind.UNAUTHORIZED),
        (av.error.HTTPNotFoundError, SourceErrorKind.NOT_FOUND),
        (av.error.ConnectionResetError, SourceErrorKind.CONNECTION_LOST),
        (av.error.BrokenPipeError, SourceErrorKind.CONNECTION_LOST),
        (av.error.EOFError, SourceErrorKind.CONNECTION_LOST),
        (av.error.InvalidDataError, SourceErrorKind.INVALID_DATA),
        (av.error.OSError, SourceErrorKind.REFUSED),
    ],
)
def test_libav_errors_while_opening_have_one_kind_each(error_class, kind):
    assert from_libav(libav_error(error_class), url=URL, state="opening").kind is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 (Unauthorized)", SourceErrorKind.UNAUTHORIZED),
        ("404 (Not Found)", SourceErrorKind.NOT_FOUND),
        ("453 (Not Enough Bandwidth)", SourceErrorKind.SESSION_LIMIT),
        ("454 (Session Not Found)", SourceErrorKind.CONNECTION_LOST),
        ("461 (Unsupported Transport)", SourceErrorKind.INVALID_DATA),
        ("503 (Service Unavailable)", SourceErrorKind.SESSION_LIMIT),
    ],
)
def test_the_status_in_the_log_decides_and_is_shown(status, kind):
    log = [(16, "rtsp", f"method SETUP failed: {status}\n")]

    error = from_libav(
        libav_error(av.error.HTTPOtherClientError), url=URL, state="opening", log=log
    )

    assert error.kind is kind
    assert error.state == "SETUP"
    assert f"the camera answered {status}" in str(error)


def test_invalid_data_after_the_time_limit_is_a_timeout():
    error = from_libav(
        libav_error(av.error.InvalidDataError), url=URL, state="opening", timed_out=True
    )

    assert error.kind is SourceErrorKind.TIMEOUT


def test_any_failure_of_a_running_session_is_a_lost_connection():
    error = from_libav(libav_error(av.error.OSError), url=URL, state="reading")

    assert error.kind is SourceErrorKind.CONNECTION_LOST


def test_an_unknown_host_name_is_told():
    log = [(16, "tcp", "Failed to resolve hostname camera.invalid: Name or service not known")]

    error = from_libav(libav_error(av.error.OSError), url=URL, state="opening", log=log)

    assert error.kind is SourceErrorKind.REFUSED
    assert error.happened == "the host name is not known"


def test_a_failure_in_tls_is_told_apart():
    log = [(16, "tls", "Peer certificate failed verification\n")]

    error = from_libav(libav_error(av.error.OSError), url=URL, state="opening", log=log)

    assert error.kind is SourceErrorKind.TLS
    assert "certificate" in error.happened


def test_neither_the_error_nor_its_cause_shows_the_password():
    cause = libav_error(av.error.ConnectionRefusedError, "Connection refused", 111)

    error = from_libav(cause, url=URL_WITH_SECRET, state="opening")

    assert "hush" not in f"{error} {error!r} {error.url} {cause} {cause!r}"
    assert "Connection refused" in str(cause)


def test_the_message_names_camera_state_event_and_remedy():
    error = SourceError(
        SourceErrorKind.NOT_FOUND, url=URL, state="DESCRIBE", happened="the camera answered 404"
    )

    assert str(error) == (
        "rtsp://192.0.2.7:554/stream1: DESCRIBE: the camera answered 404; "
        "check the path of the stream in the URL"
    )


@pytest.mark.parametrize("kind", SourceErrorKind)
def test_every_kind_comes_with_advice(kind):
    assert SourceError(kind, url=URL, state="opening", happened="x").advice
