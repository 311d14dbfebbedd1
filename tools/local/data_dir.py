"""The data directory of one installation and the lock that keeps a second launcher out."""

import fcntl
import os
from pathlib import Path


class DataDirInUse(Exception):
    """Another launcher works on the same data directory."""


class DataDirUnusable(Exception):
    """The data directory cannot be made or written."""


class DataDir:
    """Owns the directory from `lock` to `unlock`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def lock(self) -> None:
        """Create the directory where needed and take it.

        Raises DataDirInUse and DataDirUnusable.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataDirUnusable(
                f"{self.path} cannot hold the data ({error.strerror}); "
                "choose another directory with --data"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise DataDirInUse(
                f"{self.path} is in use by another launcher (process {holder}); "
                "stop it or choose another directory with --data"
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
