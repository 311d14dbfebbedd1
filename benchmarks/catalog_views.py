"""How long the catalog takes for what each view of the web pages asks, at five million recordings.

    python -m benchmarks.catalog_views
    python -m benchmarks.catalog_views --rows 100000 --out /tmp
    python -m benchmarks.catalog_views --data /var/tmp/catalog    # keeps it for another run

Asks through the code that the routes call, over a pool as the api has it; HTTP, rights and JSON
are not in the figures. Each of the 30 rounds asks about another time and camera.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from benchmarks import catalog_rows
from benchmarks.catalog_asked import VIEWS, Round, View
from benchmarks.catalog_rows import Rows, fill
from benchmarks.machine import describe
from services.api.database import Database
from services.api.migrate import migrate
from services.api.settings import DatabaseSettings
from tools.local.ports import free_port
from tools.local.postgres import PostgresServer
from tools.local.secret_file import Secrets

ROUNDS = 30
TARGET_MS = 50.0
MANY = 5_100_000
"""As if no hour were missing; five million remain."""
TABLES = {"recordings": "recordings", "gaps": "gaps", "stored_footage": "files on devices"}
"""What is counted, and what people call it."""


@contextlib.asynccontextmanager
async def postgres(folder: Path | None) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL as on one machine; in a folder that is kept, or in one that is not."""
    home = folder or Path(tempfile.mkdtemp(prefix="everframe-catalog-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the account that it runs as passes through
    secrets = Secrets.load_or_create(home / "secrets.json")
    server = PostgresServer(home / "postgres", port=free_port(), secrets=secrets, durable=False)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        if folder is None:
            shutil.rmtree(home, ignore_errors=True)


async def prepare(dsn: str, rows: Rows) -> None:
    """Make the catalog, unless an earlier run has made it."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("select exists (select from recordings)"):
            await fill(connection, rows)
            await connection.execute("vacuum analyze", timeout=3600)
    finally:
        await connection.close()


async def measure(dsn: str, rows: Rows) -> dict[str, Any]:
    """Ask for every view; return the figures."""
    load = os.getloadavg()[0]
    settings = DatabaseSettings(pg_dsn=SecretStr(dsn))
    async with Database.open(settings) as database:
        async with database.connection() as db:
            counts = {table: await db.fetchval(f"select count(*) from {table}") for table in TABLES}
        views = [
            {"page": view.page, "what": view.what, **await time_view(database, view, rows)}
            for view in VIEWS
        ]
    return {
        "machine": describe(),
        "load": round(load, 1),
        "rows": counts,
        "catalog": catalog_rows.describe(rows),
        "rounds": ROUNDS,
        "target_ms": TARGET_MS,
        "views": views,
    }


async def time_view(database: Database, view: View, rows: Rows) -> dict[str, float]:
    """Return median and worst in milliseconds."""
    took = []
    for number in range(ROUNDS):
        asked = Round(rows, number, ROUNDS)
        started = time.perf_counter()
        async with database.connection() as db:
            await view.ask(db, asked)
        took.append((time.perf_counter() - started) * 1000)
    return {"median_ms": round(statistics.median(took), 1), "worst_ms": round(max(took), 1)}


def report(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    where, counts = figures["machine"], figures["rows"]
    held = ", ".join(f"{count:,} {TABLES[table]}" for table, count in counts.items())
    lines = [
        "# The catalog's answers",
        "",
        "How long the catalog takes for what each view of the web pages asks. It holds",
        f"{held}:",
        f"{figures['catalog']}. One of the cameras flaps, every 20 minutes.",
        f"Each view is asked {figures['rounds']} times, each time for another moment and camera,",
        "through the code that the routes call and over a pool as the api has it. HTTP, rights and",
        "JSON are not in the figures. PostgreSQL runs as on one machine, with 64 MB of shared",
        "buffers; the files are mostly in the system's cache.",
        "",
        f"{where['cpu']}, {where['cores']} cores, {figures['load']:g} processes busy before;",
        f"commit {where['commit']}. Target: {figures['target_ms']:g} ms.",
        "",
        "| page | asked | median | worst |",
        "|---|---|--:|--:|",
        *(
            f"| {v['page']} | {v['what']} | {v['median_ms']} ms | {v['worst_ms']} ms |"
            for v in figures["views"]
        ),
    ]
    return "\n".join(lines) + "\n"


async def run(rows: Rows, data: Path | None) -> dict[str, Any]:
    """Return the figures of a catalog of that size."""
    async with postgres(data) as server:
        await prepare(server.dsn, rows)
        return await measure(server.dsn, rows)


def main() -> int:
    """Measure, print and write; exit status 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalog_views")
    parser.add_argument("--rows", type=int, default=MANY)
    parser.add_argument("--data", type=Path, help="a folder that keeps the catalog")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    given = parser.parse_args()
    figures = asyncio.run(run(Rows(given.rows), given.data))
    text = report(figures)
    (given.out / "catalog_views.md").write_text(text)
    (given.out / "catalog_views.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(text)
    return 1 if any(view["median_ms"] > TARGET_MS for view in figures["views"]) else 0


if __name__ == "__main__":
    raise SystemExit(main())
