"""A camera's name that means this machine is not connected to, whatever it meant before."""

import queue

import pytest

from libs.contracts.cameras import CameraState
from libs.contracts.live import Rendition
from libs.contracts.recordings import EndReason
from libs.media.errors import SourceError, SourceErrorKind
from services.recorder.live_buffer import LiveBuffer
from services.recorder.rejected_logins import RejectedLogins
from services.recorder.reports import Failed, Report
from services.recorder.session import CameraSession
from services.recorder.settings import RecorderSettings
from tests.unit.recorder.recorder_sessions import config


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "[::1]"])
def test_this_machine_is_refused_unless_the_settings_allow_it(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("services.recorder.session.RtspSource", lambda *a, **k: opened.append(a))
    report = first_report(f"rtsp://{host}:8554/x")

    assert isinstance(report, Failed)
    assert report.state is CameraState.ERROR
    assert "loopback address, which is not allowed" in report.detail
    assert opened == []


def test_address_of_the_camera_is_in_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    # Status, gaps and events are for everybody who may see the camera; its address is not: in the
    # path of some stands what opens them.
    def refuse(*_: object, **__: object) -> None:
        raise SourceError(
            SourceErrorKind.REFUSED, url=url, state="opening", happened="nobody listens"
        )

    url = "rtsp://192.0.2.1:7441/Xa93jd0sSecret"
    monkeypatch.setattr("services.recorder.session.RtspSource", refuse)
    report = first_report(url)

    assert isinstance(report, Failed)
    assert report.detail.startswith("opening: nobody listens; ")
    assert "Xa93" not in report.detail


def first_report(url: str) -> Report:
    """Run a session for a camera until it says something."""
    reports: queue.Queue[Report] = queue.Queue()
    session = CameraSession(
        config(url=url),
        None,
        settings=RecorderSettings(),
        logins=RejectedLogins(first_seconds=60, longest_seconds=60),
        recording=None,
        rendition=Rendition.MAIN,
        live=LiveBuffer(limit_bytes=1024).open(),
        report=reports.put,
        flush=lambda: None,
    )

    session.start()
    try:
        return reports.get(timeout=10)
    finally:
        session.stop(EndReason.STOPPED)
