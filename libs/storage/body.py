"""The content of one answer, read chunk by chunk in worker threads."""

import asyncio
from concurrent.futures import Future

from urllib3.response import BaseHTTPResponse

from libs.storage.error_mapping import translated
from libs.storage.workers import Workers

# Larger chunks gain nothing, 64 KiB halve the throughput.
CHUNK_BYTES = 256 * 1024


class Body:
    """Owns the response and its connection until `close`."""

    def __init__(self, response: BaseHTTPResponse, workers: Workers) -> None:
        self._response = response
        self._workers = workers
        self._reading: Future[bytes] | None = None

    async def read(self, key: str) -> bytes:
        """The next chunk, empty at the end; a cut-off content raises StoreUnavailable."""
        self._reading = self._workers.submit(lambda: self._response.read(CHUNK_BYTES))
        with translated(key):
            return await asyncio.wrap_future(self._reading)

    def close(self) -> None:
        """Give the connection back, as soon as no thread reads from it any more.

        Closing under a reading thread would block the caller until that thread is done.
        """
        if self._reading is None:
            hang_up(self._response)
        else:
            self._reading.add_done_callback(lambda _: hang_up(self._response))


def hang_up(response: BaseHTTPResponse) -> None:
    """Return the connection to its pool, closed unless the content was read to its end."""
    response.close()
    response.release_conn()
