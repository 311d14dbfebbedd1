"""The way to PostgreSQL: a pool that survives its server, and its errors in two kinds."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import structlog

from libs.web.problems import Problem, unavailable
from services.api import metrics
from services.api.settings import DatabaseSettings

if TYPE_CHECKING:
    PoolConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Connection = PoolConnection | asyncpg.Connection[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

log = structlog.get_logger()

# Everything that passes by itself. InternalClientError is what asyncpg raises when it reuses a
# connection whose server died; InterfaceError says that the connection or pool is closed.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


class DatabaseUnavailable(Exception):
    """PostgreSQL is away, starting, full or too slow; the same call may work later."""


def database_away() -> Problem:
    """Return what callers are told meanwhile."""
    return unavailable("the database is away; recording goes on, try again in a few seconds")


def is_away(error: Exception) -> bool:
    """Whether an error passes by itself; a wrong argument is an InterfaceError but does not."""
    return isinstance(error, AWAY) and not isinstance(error, asyncpg.DataError | ValueError)


def _unavailable(error: Exception) -> DatabaseUnavailable:
    metrics.DB_ERRORS.labels(type(error).__name__).inc()
    return DatabaseUnavailable(f"{type(error).__name__}: {error}")


class Database:
    """A pool of connections; `connection()` maps whatever passes by itself."""

    def __init__(self, pool: "Pool", connect_seconds: float) -> None:
        self._pool = pool
        self._connect_seconds = connect_seconds

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: DatabaseSettings) -> AsyncIterator["Database"]:
        """Open a pool without connecting: the server may come later."""
        pool = await asyncpg.create_pool(
            settings.pg_dsn.get_secret_value(),
            min_size=0,
            max_size=settings.db_connections,
            timeout=settings.db_connect_seconds,
            command_timeout=settings.db_query_seconds + 1,
            server_settings={
                "application_name": "everframe-api",
                # Filters that are null when unused: one plan for all reads whole tables.
                "plan_cache_mode": "force_custom_plan",
                "statement_timeout": str(int(settings.db_query_seconds * 1000)),
                "timezone": "UTC",
            },
        )
        try:
            yield cls(pool, settings.db_connect_seconds)
        finally:
            pool.terminate()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """Lend a connection; raises DatabaseUnavailable for whatever passes by itself."""
        connection = await self._acquire()
        try:
            yield connection
        except Exception as error:
            if not is_away(error):
                raise
            if isinstance(error, asyncpg.InternalClientError):
                connection.terminate()
            raise _unavailable(error) from error
        finally:
            await self._release(connection)

    async def _acquire(self) -> "PoolConnection":
        try:
            return await self._pool.acquire(timeout=self._connect_seconds)
        except (*AWAY, asyncpg.PostgresError) as error:
            # Whatever refuses a connection is a state of the server, not of the call.
            raise _unavailable(error) from error

    async def _release(self, connection: "PoolConnection") -> None:
        try:
            await self._pool.release(connection, timeout=self._connect_seconds)
        except (*AWAY, asyncpg.PostgresError) as error:
            # The call is done; the pool has thrown the connection away.
            log.info("database.connection_dropped", reason=type(error).__name__)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["Connection"]:
        """Lend a connection inside a transaction that commits at the end."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def ping(self) -> None:
        """Ask for nothing; raises DatabaseUnavailable."""
        async with self.connection() as connection:
            await connection.execute("select 1")
