"""Takes the pictures of all pages in the documentation: `python -m tools.screenshots`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page

from tools.browser import ChromiumMissing, SignInRefused, chromium
from tools.local.api_client import ApiFailed
from tools.local.processes import ProcessError
from tools.local.stack import CommandFailed
from tools.screenshots.pages import PAGES, SIZES, PageShot, Theme, switch_theme, take, visit
from tools.screenshots.png import shrink
from tools.screenshots.scene import NothingToShow, running_installation

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 150_000
DARK_TOO = frozenset({"live", "playback"})
EXPLAINED = (ApiFailed, ChromiumMissing, CommandFailed, NothingToShow, ProcessError, SignInRefused)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="the folder of the pictures")
    parser.add_argument("--only", nargs="*", help="names of pages, such as `live`; without it all")
    given = parser.parse_args()
    shots = [shot for shot in PAGES if not given.only or shot.name in given.only]
    try:
        large = asyncio.run(_take_all(given.out, shots))
    except EXPLAINED as error:
        print(error, file=sys.stderr)
        return 1
    for path in large:
        print(f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}", file=sys.stderr)
    return 1 if large else 0


async def _take_all(folder: Path, shots: list[PageShot]) -> list[Path]:
    """Take the pictures; return those that are too large to be kept with the sources."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="everframe-screenshots-") as data:
        Path(data).chmod(0o711)  # PostgreSQL runs as an account of its own
        async with running_installation(Path(data)) as shown, chromium() as browser:
            for width, height in SIZES.items():
                context = await browser.new_context(
                    base_url=shown.url,
                    viewport={"width": width, "height": height},
                    locale="en-GB",
                    timezone_id="Europe/Berlin",
                )
                page = await context.new_page()
                async for shot in visit(page, shown.scene, shown.password, shots):
                    taken += await _take(page, folder / f"{shot.name}-{width}.png", shot.name)
                await context.close()
    return [path for path in taken if path.stat().st_size > MOST_BYTES]


async def _take(page: Page, path: Path, name: str) -> list[Path]:
    """Save what the window shows, for some pages in both themes; return the files."""
    paths: list[tuple[Theme, Path]] = [("light", path)]
    if name in DARK_TOO:
        paths.append(("dark", path.with_stem(f"{path.stem}-dark")))
    for theme, each in paths:
        await switch_theme(page, theme)
        await take(page, each)
        shrink(each, MOST_BYTES)
    return [each for _, each in paths]


if __name__ == "__main__":
    sys.exit(main())
