"""The ordinary account under which PostgreSQL runs when the launcher is root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


class AccountUnknown(Exception):
    """The account that PostgreSQL should run as does not exist on this machine."""


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def owns(self, path: Path) -> bool:
        return path.stat().st_uid == self.uid

    def can_reach(self, path: Path) -> bool:
        """True when every folder above the path lets this account through."""
        # Not resolved itself: a link in a closed folder does not help, wherever it leads.
        folder = path.absolute().parent.resolve()
        return all(self._may_enter(entered) for entered in (folder, *folder.parents))

    def _may_enter(self, folder: Path) -> bool:
        if not folder.exists():
            return True  # ours to create
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def ordinary_account(name: str) -> Account | None:
    """The named account when the launcher is root, else None (it runs as itself)."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise AccountUnknown(
            f"PostgreSQL cannot run as root, and account {name!r} is unknown"
        ) from error
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
