"""Dahua's CGI over HTTP: queries, `Error` bodies and odd statuses."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from libs.contracts.devices import FailureReason
from libs.devices.dahua import keyvalue
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer

NOT_TOLD: Final = frozenset(
    {FailureReason.UNSUPPORTED, FailureReason.NOT_FOUND, FailureReason.NO_PERMISSION}
)
"""Reasons that mean: this device keeps that to itself."""

_STATUS_REASONS: Final = {
    403: FailureReason.NO_PERMISSION,
    404: FailureReason.UNSUPPORTED,
    405: FailureReason.UNSUPPORTED,
    501: FailureReason.UNSUPPORTED,
    503: FailureReason.BUSY,
}


@dataclass(frozen=True, slots=True)
class CgiReply:
    """What a CGI answered, when it was an answer to the question."""

    status: int
    text: str
    values: dict[str, str]

    @property
    def is_refused(self) -> bool:
        """Whether the device said no: status 400, or a body that begins with `Error`."""
        return self.status == 400 or self.text.lstrip().lower().startswith("error")

    @property
    def is_ok(self) -> bool:
        """Whether it said OK."""
        return not self.is_refused and self.text.strip().lower().startswith("ok")


class DahuaCgi:
    """The CGIs of one device."""

    def __init__(self, http: DeviceHttp) -> None:
        self._http = http

    async def values(self, script: str, action: str, **parameters: str) -> dict[str, str]:
        """Return the values that a CGI tells; a refusal is UNSUPPORTED."""
        reply = await self.reply(script, action, parameters)
        if reply.is_refused:
            raise DeviceError(
                FailureReason.UNSUPPORTED,
                f"the device refuses {script} {action}; some firmware speaks only RPC2",
            )
        if reply.text.strip() and not reply.values:
            raise DeviceError(FailureReason.PROTOCOL, f"{script} {action} was answered with noise")
        return reply.values

    async def values_if_told(self, script: str, action: str, **parameters: str) -> dict[str, str]:
        """Return the values, none where the device keeps them to itself."""
        try:
            return await self.values(script, action, **parameters)
        except DeviceError as error:
            if error.reason in NOT_TOLD:
                return {}
            raise

    async def reply(self, script: str, action: str, parameters: dict[str, str]) -> CgiReply:
        """Return the answer, a refusal too; other failures are raised."""
        answer = await self._get(script, {"action": action} | parameters)
        if answer.status not in {200, 400}:
            reason = _STATUS_REASONS.get(answer.status, FailureReason.PROTOCOL)
            raise DeviceError(reason, f"{script} {action}: HTTP status {answer.status}")
        text = keyvalue.text_of(answer.body)
        if re.match(r"\s*error.{0,40}(authority|permission)", text, re.IGNORECASE | re.DOTALL):
            raise DeviceError(FailureReason.NO_PERMISSION, f"{script} {action} is not allowed")
        return CgiReply(answer.status, text, keyvalue.parse(answer.body))

    async def picture(self, channel: int, *, max_bytes: int) -> bytes:
        """Return a JPEG of now; channels count from 1 here with all firmware."""
        answer = await self._get("snapshot.cgi", {"channel": str(channel)}, max_bytes=max_bytes)
        if answer.status != 200:
            reason = _STATUS_REASONS.get(answer.status, FailureReason.PROTOCOL)
            if answer.status == 400:
                reason = FailureReason.NOT_FOUND
            raise DeviceError(reason, f"snapshot.cgi: HTTP status {answer.status}")
        if not answer.body.startswith(b"\xff\xd8"):
            raise DeviceError(FailureReason.PROTOCOL, "snapshot.cgi did not answer with a JPEG")
        return answer.body

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _get(
        self, script: str, parameters: dict[str, str], *, max_bytes: int | None = None
    ) -> HttpAnswer:
        query = "&".join(f"{name}={quote(value, safe=':,@')}" for name, value in parameters.items())
        return await self._http.request("GET", f"/cgi-bin/{script}?{query}", max_bytes=max_bytes)
