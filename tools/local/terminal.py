"""What the launcher shows: progress while things start, then a live table."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from tools.local.api_client import CameraRow
from tools.local.demo import Finding

STATE_STYLES = {
    "recording": "green",
    "connecting": "yellow",
    "stopped": "dim",
    "offline": "red",
    "unauthorized": "red",
    "error": "red",
}


class Terminal:
    """Writes to a person; without a terminal it prints plain lines."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else 120
        self.console = Console(highlight=False, width=width)
        self._status = self.console.status("starting") if self.console.is_terminal else None

    def step(self, text: str) -> None:
        """Show what is being done."""
        if self._status is None:
            self.console.print(f"- {text}")
            return
        self._status.update(f"{text} ...")
        self._status.start()

    def progress(self, text: str) -> None:
        """Show how far the present step is, where there is a terminal."""
        if self._status is not None:
            self._status.update(text)

    def steps_done(self) -> None:
        """End the progress display."""
        if self._status is not None:
            self._status.stop()

    def found(self, devices: Sequence[dict[str, Any]]) -> None:
        """Show what a scan has found, one line for each device."""
        for device in devices:
            self.console.print(f"  found {_plain(_told_by(device))}")

    def error(self, message: str) -> None:
        """Show what went wrong."""
        self.steps_done()
        self.console.print(f"[bold red]error:[/] {_plain(message)}")

    def warning(self, message: str) -> None:
        """Show what went wrong and is being mended."""
        self.console.print(f"[yellow]warning:[/] {_plain(message)}")

    def welcome(self, api_url: str, password: str | None, data: str, *, stops: str) -> None:
        """Show addresses, the first password where there is one, and how to stop."""
        self.steps_done()
        lines = [
            f"web pages      {api_url}/",
            f"API            {api_url}/api/v1",
            f"documentation  {api_url}/api/docs",
            f"data and logs  {data}",
        ]
        if password:
            lines += [
                "",
                f"[bold]sign in as     admin[/]\n[bold]password       {password}[/]",
                "It is shown this once; change it after signing in.",
            ]
        self.console.print(Panel("\n".join([*lines, "", stops]), title="Everframe", expand=False))

    def live(self) -> Live:
        """Return a display for `table`; it shows nothing outside a terminal."""
        return Live(console=self.console, refresh_per_second=2, transient=False)

    def table(self, rows: Sequence[CameraRow], note: str) -> Table:
        """Lay out the cameras."""
        table = Table(title=None, caption=note, caption_justify="left")
        for heading in ("camera", "state", "bitrate", "recorded", "missing", "gaps", "last stored"):
            right = heading in {"bitrate", "recorded", "missing", "gaps"}
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        for row in rows:
            style = STATE_STYLES.get(row.state, "yellow")
            table.add_row(
                row.name,
                f"[{style}]{row.state}[/]",
                f"{row.bitrate_bps / 1e6:.2f} Mb/s" if row.bitrate_bps else "-",
                _clock(row.recorded_seconds),
                _clock(row.missing_seconds),
                str(row.gaps),
                _ago(row.last_recording_at),
            )
        if not rows:
            table.add_row("no cameras yet: add one with POST /api/v1/cameras")
        return table

    def findings(self, findings: Sequence[Finding]) -> None:
        """Show the result of the check."""
        table = Table(title="What was promised, checked")
        for heading in (
            "camera",
            "recordings",
            "recorded",
            "gaps",
            "unexplained",
            "played",
            "result",
        ):
            table.add_column(heading, no_wrap=heading != "result")
        for found in findings:
            result = f"[red]{found.problem}[/]" if found.problem else "[green]ok[/]"
            table.add_row(
                found.camera,
                str(found.recordings),
                f"{found.recorded_seconds:.1f} s",
                f"{found.explained_seconds:.1f} s",
                f"{found.unexplained_seconds:.1f} s",
                f"{found.played_seconds:.1f} s",
                result,
            )
        self.console.print(table)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    return f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"


def _told_by(device: dict[str, Any]) -> str:
    """Return `Simulated SIM-1080P at 127.0.0.1:18564 (onvif): Front door, h264 1920x1080`."""
    details, where = device["details"], f"{device['host']}:{device['port']}"
    if details is None:
        return f"something at {where}: {device['failure']['detail']}"
    who = f"{details['identity']['manufacturer']} {details['identity']['model']}"
    streams = [stream for channel in details["channels"] for stream in channel["streams"][:1]]
    shown = ", ".join(f"{s['codec']} {s['width']}x{s['height']}" for s in streams)
    return f"{who} at {where} ({device['driver']}): {details['identity']['name']}, {shown}"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
