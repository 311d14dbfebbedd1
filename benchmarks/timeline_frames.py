"""How evenly the timeline is drawn with 100,000 recordings while it is zoomed and moved.

    make web && python -m benchmarks.timeline_frames

The built page runs in Chromium; what it asks the server for is answered here, so nothing but the
page takes time. Headless Chromium without a graphics card draws in software: script time per frame
says what the page itself needs.
"""

import argparse
import asyncio
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

from benchmarks.machine import describe
from benchmarks.timeline_page import TimelinePage
from tools.browser import chromium

SPANS = 100_000
FRAME_MS = 1000 / 60
SECONDS = 8.0
WIDTHS = (1440, 3840)

# Wheel events as a hand makes them, one per frame: all the way in and out, then along.
DRIVE = """
async ([seconds, mode]) => {
  const track = document.querySelector("[data-testid=timeline]");
  const box = track.getBoundingClientRect();
  const times = [];
  const wheel = (deltaX, deltaY, at) => track.dispatchEvent(new WheelEvent("wheel", {
    deltaX, deltaY, bubbles: true, cancelable: true,
    clientX: box.left + box.width * at, clientY: box.top + 60,
  }));
  const begin = performance.now();
  await new Promise((resolve) => {
    const frame = (now) => {
      times.push(now);
      const second = (now - begin) / 1000;
      if (second >= seconds) { resolve(); return; }
      const turn = Math.sin(second * Math.PI / 2);
      if (mode === "zoom") wheel(0, -turn * 120, 0.5 + 0.3 * Math.sin(second));
      else wheel(turn * 60, 0, 0.5);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return times;
}
"""


async def measure(page: Page, mode: str, seconds: float) -> dict[str, float]:
    """Drive the timeline; return how its frames came and what each cost."""
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    before = await _metrics(cdp)
    times: list[float] = await page.evaluate(DRIVE, [seconds, mode])
    after = await _metrics(cdp)
    frames = len(times) - 1
    cost = {
        name: round((after[key] - before[key]) * 1000 / frames, 2)
        for name, key in (("script_ms", "ScriptDuration"), ("task_ms", "TaskDuration"))
    }
    steps = [after - before for before, after in itertools.pairwise(times)]
    return {**summary(steps), **cost}


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    answer = await cdp.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in answer["metrics"]}


def summary(steps_ms: list[float]) -> dict[str, float]:
    """Return how long frames took; a step of two frames' length is one that was dropped."""
    ordered = sorted(steps_ms)
    dropped = sum(max(0, round(step / FRAME_MS) - 1) for step in steps_ms)
    return {
        "frames": len(ordered),
        "p50_ms": round(ordered[len(ordered) // 2], 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 1),
        "worst_ms": round(ordered[-1], 1),
        "dropped": dropped,
        "fps": round(len(ordered) * 1000 / sum(ordered), 1),
    }


async def run(seconds: float, spans: int) -> dict[str, Any]:
    """Measure all; return the figures."""
    rounds = []
    async with chromium() as browser:
        for width in WIDTHS:
            for mode in ("zoom", "move"):
                async with TimelinePage(browser, spans=spans, width=width) as page:
                    rounds.append(
                        {"width": width, "mode": mode, **await measure(page, mode, seconds)}
                    )
        version = browser.version
    return {"machine": describe(), "chromium": version, "spans": spans, "rounds": rounds}


def report(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    where = figures["machine"]
    columns = ("fps", "p50_ms", "p95_ms", "worst_ms", "dropped", "script_ms", "task_ms")
    lines = [
        "# Frames of the timeline",
        "",
        f"The playback page over {figures['spans']:,} recordings with gaps between them, zoomed",
        "from the whole archive to seconds and back, and moved, by one wheel event per frame.",
        "Chromium draws without a graphics card here; script is what the page's own code takes per",
        "frame, task all work of its main thread. 60 frames per second leave 16.7 ms.",
        "",
        (
            f"{where['cpu']}, {where['cores']} cores; Chromium {figures['chromium']}; "
            f"commit {where['commit']}"
        ),
        "",
        "| width | what | frames/s | p50 ms | p95 ms | worst ms | dropped | script ms | task ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in figures["rounds"]:
        values = " | ".join(str(row[column]) for column in columns)
        lines.append(f"| {row['width']} | {row['mode']} | {values} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print and write; exit status 1 where a usual frame takes longer than 1/60 s."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timeline_frames")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    given = parser.parse_args()
    figures = asyncio.run(run(given.seconds, given.spans))
    text = report(figures)
    (given.out / "timeline_frames.md").write_text(text)
    (given.out / "timeline_frames.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(text)
    return 1 if any(row["p50_ms"] > FRAME_MS * 1.05 for row in figures["rounds"]) else 0


if __name__ == "__main__":
    raise SystemExit(main())
