"""Which files were announced: one value per camera and day, so that no file is told twice."""

from collections.abc import Iterable
from datetime import UTC, date, timedelta

from libs.bus.errors import InvalidPayload
from libs.bus.keyvalue import KeyValue
from libs.contracts.cameras import CameraConfig, camera_key
from libs.contracts.footage import FootageDay, FootageFile

SPARE = timedelta(days=3)
"""A day is known for longer than it is listed, also where the device's clock goes wrong."""


class FootageLedger:
    """The announced files of all cameras; one writer, the leading instance."""

    def __init__(self, bucket: KeyValue[FootageDay], *, lookback: timedelta) -> None:
        """`lookback` is how far back files are listed: what is older need not be known."""
        self._bucket = bucket
        self._ttl_seconds = int((lookback + SPARE).total_seconds())

    async def unknown(
        self, camera: CameraConfig, files: Iterable[FootageFile]
    ) -> dict[date, list[FootageFile]]:
        """Return the files that were not announced, by the UTC day on which they begin.

        Raises BusUnavailable.
        """
        by_day: dict[date, list[FootageFile]] = {}
        for file in files:
            by_day.setdefault(_day(file), []).append(file)
        found = {}
        for day, listed in sorted(by_day.items()):
            known = await self._known(camera, day)
            if fresh := [file for file in listed if file.digest not in known]:
                found[day] = fresh
        return found

    async def note(self, camera: CameraConfig, day: date, files: Iterable[FootageFile]) -> None:
        """Remember files of one day as announced; call it when their events are stored.

        A stop between the two announces them again, with the same event ids.
        Raises BusUnavailable.
        """
        assert camera.device_id is not None
        known = await self._known(camera, day)
        digests = known | {file.digest for file in files}
        value = FootageDay(
            camera_id=camera.camera_id,
            site=camera.site,
            device_id=camera.device_id,
            digests=tuple(sorted(digests)),
        )
        await self._bucket.put(_key(camera, day), value, ttl_seconds=self._ttl_seconds)

    async def _known(self, camera: CameraConfig, day: date) -> set[str]:
        try:
            entry = await self._bucket.get(_key(camera, day))
        except InvalidPayload:
            return set()
        # another device's files are other files, whatever they are called
        if entry is None or entry.value.device_id != camera.device_id:
            return set()
        return set(entry.value.digests)


def _day(file: FootageFile) -> date:
    return file.started_at.astimezone(UTC).date()


def _key(camera: CameraConfig, day: date) -> str:
    return f"{camera_key(camera.site, camera.camera_id)}.{day.isoformat()}"
