"""What the recorder tells of itself among the services."""

import asyncio
from collections.abc import Sequence

from libs.contracts.presence import Figure
from services.recorder.ownership import Ownership
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool
from services.recorder.uploader import Uploader


async def recorder_figures(
    settings: RecorderSettings, spool: Spool, ownership: Ownership, uploader: Uploader
) -> Sequence[Figure]:
    """Return the numbers of now; raises OSError where the spool cannot be read."""
    used = await asyncio.to_thread(spool.used_bytes)
    return (
        Figure(name="cameras", label="Cameras held", value=len(ownership.assignments)),
        Figure(name="spool_bytes", label="Spool used", value=used, unit="bytes"),
        Figure(
            name="spool_limit_bytes",
            label="Spool limit",
            value=int(settings.spool_max_bytes),
            unit="bytes",
        ),
        Figure(
            name="oldest_upload_seconds",
            label="Oldest footage that waits for the store",
            value=uploader.oldest_waiting_seconds(),
            unit="seconds",
        ),
    )
