"""The one-machine launcher: `python -m tools.local up | demo | key | users ...`."""

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.local.launcher import run, run_command
from tools.local.ports import Ports
from tools.local.stack import make_key
from tools.local.stack_options import (
    DEFAULT_API_PORT,
    DEFAULT_HEALTH_PORT,
    DEFAULT_STREAMER_PORT,
    StackOptions,
)

COMMANDS = ("key", "keys", "users", "rotate_credentials")
"""Commands of the api that are run beside an installation, or while it stands still."""


def main() -> int:
    """Return the exit status."""
    parser = _parser()
    given, arguments = parser.parse_known_args()
    if arguments and given.command not in COMMANDS:
        parser.error(f"unrecognized arguments: {' '.join(arguments)}")
    if given.seconds is not None and given.command != "demo":
        # the check at the end switches recording off and on
        parser.error("--seconds belongs to `demo`")
    options = StackOptions(
        data=given.data,
        ports=Ports(
            nats=given.nats_port,
            postgres=given.postgres_port,
            s3=given.s3_port,
            s3_metrics=given.s3_metrics_port,
        ),
        api_port=given.api_port,
        health_port=given.health_port,
        streamer_port=given.streamer_port,
        recorders=given.recorders,
        streamers=given.streamers,
        allow_loopback_cameras=given.command == "demo",
    )
    if given.command in COMMANDS:
        try:
            return asyncio.run(run_command(options, _command(given.command, arguments)))
        except KeyboardInterrupt:
            return 130
    camera_port = given.camera_port if given.command == "demo" else None
    return asyncio.run(run(options, camera_port=camera_port, seconds=given.seconds))


def _command(name: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the api's command that was asked for; what the launcher does not know is its own."""
    return make_key("admin") if name == "key" else (f"services.api.{name}", *arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.local", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "command",
        choices=("up", "demo", *COMMANDS),
        help="what follows `users`, `keys` and `rotate_credentials` are their arguments: "
        "`users list`, `users reset NAME`, `keys create --name NAME`",
    )
    parser.add_argument("--data", type=Path, default=Path(".everframe"), help="where all state is")
    parser.add_argument("--seconds", type=_count, help="run that long, check, exit (demo)")
    parser.add_argument("--recorders", type=_count, default=1)
    parser.add_argument("--streamers", type=_count, default=StackOptions.streamers)
    ports = Ports()
    parser.add_argument("--api-port", type=_port, default=DEFAULT_API_PORT)
    parser.add_argument("--health-port", type=_port, default=DEFAULT_HEALTH_PORT)
    parser.add_argument(
        "--streamer-port", type=_port, default=DEFAULT_STREAMER_PORT, help="of the first streamer"
    )
    parser.add_argument("--nats-port", type=_port, default=ports.nats)
    parser.add_argument("--postgres-port", type=_port, default=ports.postgres)
    parser.add_argument("--s3-port", type=_port, default=ports.s3)
    parser.add_argument("--s3-metrics-port", type=_port, default=ports.s3_metrics)
    parser.add_argument("--camera-port", type=_port, default=18554, help="first simulated camera")
    return parser


def _count(text: str) -> int:
    return _number(text, range(1, 1_000_000))


def _port(text: str) -> int:
    # others are counted up from some of them
    return _number(text, range(1, 65_001))


def _number(text: str, allowed: range) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) not in allowed:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from {allowed[0]} to {allowed[-1]}"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
