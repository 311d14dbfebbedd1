"""Logs: one line of JSON each, and no secrets. Run apart, because loggers are set up once."""

import json
import subprocess
import sys
from typing import Any

SCRIPT = """
import logging, sys, structlog
from libs.runtime.logging import configure_logging
configure_logging("recorder", "one", level="info", fmt={fmt!r})
log = structlog.get_logger()
{body}
"""


def run(body: str, *, fmt: str = "json") -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(fmt=fmt, body=body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


def lines(body: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(body).splitlines()]


def test_every_line_is_json_and_names_service_and_instance():
    first, second = lines(
        'log.info("camera.taken", camera_id="yard")\nlogging.getLogger("lib").warning("%s", "text")'
    )

    assert (first["event"], first["camera_id"], first["level"]) == ("camera.taken", "yard", "info")
    assert (second["event"], second["level"]) == ("text", "warning")
    for line in (first, second):
        assert (line["service"], line["instance"]) == ("recorder", "one")
        assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written():
    assert run('log.debug("x.seen")\nlogging.getLogger("lib").info("chatter")') == ""


def test_json_is_the_choice_where_there_is_no_terminal():
    assert json.loads(run('log.info("x.done")', fmt="auto"))["event"] == "x.done"


def test_people_get_readable_lines():
    text = run('log.info("x.done", camera_id="yard")', fmt="console")

    assert "x.done" in text
    assert not text.startswith("{")


def test_secrets_are_hidden_by_their_names_however_deep():
    text = run(
        'log.info("x.done", password="hunter2", s3_secret_key="hunter2", api_key="hunter2",'
        ' Authorization="hunter2", login={"password": "hunter2", "user": "me"}, camera_id="yard")'
    )

    assert "hunter2" not in text
    line = json.loads(text)
    assert line["password"] == "[hidden]"
    assert line["login"] == {"password": "[hidden]", "user": "me"}
    assert line["camera_id"] == "yard"


def test_logins_inside_urls_are_hidden_wherever_they_stand():
    text = run(
        'log.warning("x.failed", url="rtsp://admin:hunter2@10.0.0.9:554/stream?a=b@c")\n'
        'logging.getLogger("lib").error("cannot open rtsp://admin:hunter2@10.0.0.9/x")\n'
        "try:\n"
        '    raise OSError("nats://me:hunter2@127.0.0.1:4222")\n'
        "except OSError:\n"
        '    log.exception("x.crashed")\n'
    )

    assert "hunter2" not in text
    first, second, third = map(json.loads, text.splitlines())
    assert first["url"] == "rtsp://[hidden]@10.0.0.9:554/stream?a=b@c"
    assert second["event"] == "cannot open rtsp://[hidden]@10.0.0.9/x"
    assert "OSError" in third["exception"]


def test_traceback_for_people_shows_no_values_of_variables():
    text = run(
        "def fail(password):\n"
        '    raise OSError("no space")\n'
        "try:\n"
        '    fail("hunt" + "er2")\n'
        "except OSError:\n"
        '    log.exception("x.crashed")\n',
        fmt="console",
    )

    assert "OSError: no space" in text
    assert "hunter2" not in text
