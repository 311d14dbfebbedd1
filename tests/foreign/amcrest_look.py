"""Looks at a Dahua device with the foreign client amcrest; prints what it saw as one JSON object.

Run by the Python of the environment for foreign clients. Arguments: port, user, password, channel,
first and last wall-clock time.
"""

import json
import re
import sys
from datetime import datetime

from amcrest import AmcrestCamera  # type: ignore[import-not-found] # another environment


def main() -> None:
    port, user, password, channel, start, end = sys.argv[1:]
    camera = AmcrestCamera("127.0.0.1", int(port), user, password).camera
    pages = camera.find_files(
        datetime.fromisoformat(start), datetime.fromisoformat(end), channel=int(channel)
    )
    listing = "".join(pages)
    seen = {
        "device_type": camera.device_type,
        "serial": camera.serial_number,
        "name": camera.machine_name,
        "software": camera.software_information,
        "clock": camera.current_time.isoformat(),
        "paths": re.findall(r"FilePath=(\S+)", listing),
        "storage": camera.storage_all["total"],
        "snapshot_bytes": len(camera.snapshot(channel=1, stream=False)),
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
