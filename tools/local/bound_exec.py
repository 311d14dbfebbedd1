"""Become another program that is signalled when its launcher dies.

Run as a script with `python -I -S`, so that nothing but the standard library loads. It replaces
`preexec_fn`, which is unsafe once the launcher has threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Arguments: launcher pid, death signal, uid, gid (-1 keeps the caller's), the command."""
    launcher, death_signal, uid, gid = (int(value) for value in sys.argv[1:5])
    command = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of account, because that change clears the setting.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != launcher:
        sys.exit("the launcher is gone")
    try:
        os.execv(command[0], command)  # a shell would be one process too many
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
