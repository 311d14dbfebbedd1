"""What a search finds, with the lies of its faults; the same for all protocols of a device."""

import random
from collections.abc import Sequence

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.timeline import StoredFile, Timeline


def found(files: Sequence[StoredFile], faults: DeviceFaults, page_size: int) -> list[StoredFile]:
    """All that one search session will tell, in its order, with doubles where pages begin."""
    told = [file for file in files if faults.growing_last_file or not file.is_open]
    told = told[: faults.result_cap]
    if faults.duplicate_at_seams:
        told = _with_doubles(told, page_size)
    if faults.scrambles_results:
        pages = [told[at : at + page_size] for at in range(0, len(told), page_size)]
        told = [file for page in pages for file in random.Random(len(page)).sample(page, len(page))]
    return told


def as_it_is_now(file: StoredFile, timeline: Timeline) -> StoredFile:
    """A file that grew since it was found has another end and size."""
    return (timeline.named(file.name) or file) if file.is_open else file


def _with_doubles(files: Sequence[StoredFile], page_size: int) -> list[StoredFile]:
    told: list[StoredFile] = []
    for file in files:
        if page_size > 1 and told and len(told) % page_size == 0:
            told.append(told[-1])
        told.append(file)
    return told
