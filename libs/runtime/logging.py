"""structlog set up once: JSON outside a terminal, static event names, no secrets."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_LOGIN_IN_URL = re.compile(r"//[^/\s@]+@")
SECRET_WORDS = ("password", "secret", "token", "credential", "api_key", "authorization")


def configure_logging(service: str, instance: str, *, level: str, fmt: str) -> None:
    """Send structlog's and the standard library's logs to stderr in one format."""
    use_json = fmt == "json" or (fmt == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    tail: list[Processor] = (
        [structlog.processors.format_exc_info, _hide_secrets, structlog.processors.JSONRenderer()]
        if use_json
        # where the package rich is installed, its tracebacks would show the values of variables
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service, instance=instance)


def _hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: _without_secrets(key, value) for key, value in event.items()}


def _without_secrets(key: str, value: Any) -> Any:
    if any(word in key.lower() for word in SECRET_WORDS):
        return "[hidden]"
    if isinstance(value, dict):
        return {name: _without_secrets(str(name), inner) for name, inner in value.items()}
    # a camera's or a server's URL with its login, as foreign libraries like to log it
    return _LOGIN_IN_URL.sub("//[hidden]@", value) if isinstance(value, str) else value
