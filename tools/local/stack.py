"""A whole installation on one machine: servers, declared bus, migrated catalog, services."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from tools.local.data_dir import DataDirInUse
from tools.local.environments import Environments, login
from tools.local.ports import LOOPBACK, ensure_free, free_port
from tools.local.processes import ManagedProcess, ProcessSpec, run_forever
from tools.local.secret_file import Secrets
from tools.local.servers import Endpoints, LocalServers
from tools.local.stack_options import StackOptions

__all__ = ["CommandFailed", "Stack", "StackOptions"]

ROOT = Path(__file__).resolve().parents[2]
HEALTH_OFFSETS = {"api": 0, "recorder": 0, "streamer": 100, "discovery": 200}
SERVICES = ("api", "discovery", "recorder", "streamer")
COMMAND_SECONDS = 60.0


class CommandFailed(Exception):
    """A set-up command failed; the message holds what it said."""


class Stack:
    """Starts everything in order, keeps the services running, stops everything in reverse."""

    def __init__(self, options: StackOptions) -> None:
        self.options = options
        self.servers = LocalServers(options.data, ports=options.ports, durable=options.durable)
        self.services: dict[str, ManagedProcess] = {}
        self.health_ports: dict[str, int] = {}
        first = options.streamer_port
        self.streamer_ports = [
            first + number if first else free_port() for number in range(options.streamers)
        ]
        """Where streamer 1, 2, ... serve viewers."""
        self._environments = Environments(options, self.servers, self.streamer_urls)
        self._keepers: dict[str, asyncio.Task[None]] = {}

    @property
    def api_url(self) -> str:
        """Base address of the API."""
        return f"http://{LOOPBACK}:{self.options.api_port}"

    @property
    def streamer_urls(self) -> list[str]:
        """Base addresses of streamer 1, 2, ..., for those who go past the gateway."""
        return [f"http://{LOOPBACK}:{port}" for port in self.streamer_ports]

    async def start(self, on_step: Callable[[str], None] = lambda _: None) -> str | None:
        """Start; return the password of `admin` when this is the first start, else None.

        Raises what LocalServers.start raises, CommandFailed and ProcessError; all of them explain
        themselves in one message.
        """
        try:
            return await self._start(on_step)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop services, then servers."""
        await self.stop_services()
        if self._keepers:
            await self._stop_processes(self.servers.processes)
        await self.servers.stop()

    async def stop_services(self) -> None:
        """Stop recorders first: what they finish is still stored and cataloged."""
        recorders = [p for name, p in self.services.items() if _module(name) == "recorder"]
        await self._stop_processes(recorders)
        await self._stop_processes([*self.services.values()])

    async def _stop_processes(self, processes: Sequence[ManagedProcess]) -> None:
        keepers = [self._keepers.pop(p.name) for p in processes if p.name in self._keepers]
        await asyncio.gather(*(process.stop() for process in processes))
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    def keep_running(self, on_failure: Callable[[str], None]) -> None:
        """Restart services and servers that end by themselves, until `stop`."""
        for process in (*self.servers.processes, *self.services.values()):
            self._keepers[process.name] = asyncio.create_task(
                run_forever(process, on_failure=lambda error, _: on_failure(str(error))),
                name=f"keep-{process.name}",
            )

    async def make_key(self, name: str) -> str:
        """Return a new API key with every permission; it replaces the one of this name."""
        return await self._command(*make_key(name), env=self._environments.api())

    async def command_anyhow(self, *command: str) -> str:
        """Run one of the api's commands, whether the installation runs or not; return its output.

        Raises CommandFailed with what it said.
        """
        module, *arguments = command
        try:
            self.servers.data.lock()
        except DataDirInUse:
            return await self._command(module, *arguments, env=self._running_database())
        self.servers.data.unlock()
        try:
            await self.servers.start()
            await self._command("services.api.migrate", env=self._environments.api())
            return await self._command(module, *arguments, env=self._environments.api())
        finally:
            await self.servers.stop()

    def _running_database(self) -> dict[str, str]:
        """What commands need of an installation that runs on the same ports already."""
        secrets = Secrets.load_or_create(self.servers.data.secrets)
        place = f"{LOOPBACK}:{self.options.ports.postgres}/everframe"
        return {
            "EVERFRAME_API_PG_DSN": f"postgresql://api:{secrets.postgres_api}@{place}",
            "EVERFRAME_API_CREDENTIAL_KEYS": secrets.credential_keys,
        }

    async def _start(self, on_step: Callable[[str], None]) -> str | None:
        await self._check_ports()
        on_step("starting NATS, PostgreSQL and the object store")
        ends = await self.servers.start()
        on_step("declaring streams and migrating the catalog")
        await asyncio.gather(
            self._declare(ends), self._command("services.api.migrate", env=self._environments.api())
        )
        on_step("starting the services")
        self._build_services()
        await asyncio.gather(*(process.start() for process in self.services.values()))
        # Last, because the password is shown once: a start that fails must not use it up.
        password = await self._command("services.api.users", "ensure", env=self._environments.api())
        return password or None

    async def _check_ports(self) -> None:
        wanted = [(self.options.api_port, "the api", "--api-port")]
        wanted += [
            (port, f"streamer {number}", "--streamer-port")
            for number, port in enumerate(self.streamer_ports, start=1)
        ]
        if self.options.health_port:
            wanted += [
                (self._health_port(name), f"the metrics of {name}", "--health-port")
                for name in self._names
            ]
        for port, wanted_by, setting in wanted:
            await ensure_free(port, wanted_by=wanted_by, setting=setting)

    @property
    def _names(self) -> list[str]:
        """Every service's name: its module, and its number where there may be several."""
        options = self.options
        counts = {
            "streamer": options.streamers,
            "discovery": options.discoverers,
            "recorder": options.recorders,
        }
        replicas = [f"{m}-{n}" for m, count in counts.items() for n in range(1, count + 1)]
        return ["api", *replicas]

    def _build_services(self) -> None:
        environments = {
            "api": lambda _: self._environments.api(),
            "discovery": lambda _: self._environments.discovery(),
            "streamer": self._environments.streamer,
            "recorder": self._environments.recorder,
        }
        for name in self._names:
            env = environments[_module(name)](_number(name))
            self.services[name] = self._service(name, env)

    def _health_port(self, name: str) -> int:
        if not self.options.health_port:
            return free_port()
        return self.options.health_port + HEALTH_OFFSETS[_module(name)] + _number(name)

    def _service(self, name: str, env: dict[str, str]) -> ManagedProcess:
        module, port = _module(name), self._health_port(name)
        self.health_ports[name] = port
        env[f"EVERFRAME_{module.upper()}_HEALTH_PORT"] = str(port)
        url = f"http://{LOOPBACK}:{port}/health/ready"
        if module == "api":
            url = f"{self.api_url}/api/v1/health"
        return ManagedProcess(
            ProcessSpec(
                name=name,
                argv=(sys.executable, "-m", f"services.{module}"),
                cwd=ROOT,
                env=env,
                log=self.servers.data.logs / f"{name}.log",
                ready=lambda: _answers(url),
                ready_within_seconds=30.0,
                stop_within_seconds=25.0,
            )
        )

    async def _declare(self, ends: Endpoints) -> None:
        _, password = login(ends.nats.admin)
        await self._command(
            "libs.bus.declare",
            *("--url", self._environments.nats_url, "--user", "admin"),
            *(word for service in SERVICES for word in ("--service", service)),
            env={"EVERFRAME_BUS_PASSWORD": password},
        )

    async def _command(self, module: str, *arguments: str, env: Mapping[str, str]) -> str:
        """Run `python -m module`; return what it printed."""
        passed_on = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            cwd=ROOT,
            env={**passed_on, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the launcher, which ends what it started
        )
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                out, err = await process.communicate()
        except TimeoutError:
            raise CommandFailed(f"{module} did not end in {COMMAND_SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise CommandFailed(f"{module} failed:\n{err.decode(errors='replace').strip()}")
        return out.decode().strip()


def make_key(name: str) -> tuple[str, ...]:
    """Return the command that makes an API key with every permission."""
    return ("services.api.keys", "create", "--name", name, "--replace")


def _module(name: str) -> str:
    return name.partition("-")[0]


def _number(name: str) -> int:
    return int(name.partition("-")[2] or 0)


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2.0) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
