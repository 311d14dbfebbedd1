"""`python -m tools.camera_sim`: cameras until SIGTERM, one JSON line each when they are on air."""

import asyncio

from tools.camera_sim.cli import main

if __name__ == "__main__":
    asyncio.run(main())
