"""How the api's commands end: with what they return, or with one line that says why not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from libs.runtime.settings import load_settings_or_exit
from services.api.database import DatabaseUnavailable
from services.api.settings import ApiSettings, DatabaseSettings

SettingsT = TypeVar("SettingsT", bound=DatabaseSettings)


def run_command(
    name: str,
    kind: type[SettingsT],
    work: Callable[[SettingsT], Awaitable[int]],
    *mistakes: type[Exception],
) -> int:
    """Return the exit status of `work`; 1 with its text for a mistake of whoever called."""

    async def working() -> int:
        return await work(settings)

    told: tuple[type[Exception], ...] = (DatabaseUnavailable, *mistakes)
    settings = load_settings_or_exit(kind, service=ApiSettings)
    try:
        return asyncio.run(working())
    except asyncpg.UndefinedTableError as error:
        sys.stderr.write(f"{name}: run python -m services.api.migrate first: {error}\n")
    except told as error:
        sys.stderr.write(f"{name}: {error}\n")
    return 1
