"""What the routes work with; built by app.py, or by a test."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from libs.contracts.messages import AnswerT, Ask
from libs.runtime.credentials import CredentialBox
from libs.web.live_tokens import LiveTokens
from services.api.audit_log import AuditLog
from services.api.database import Database
from services.api.desired import Publishes
from services.api.event_hub import EventHub
from services.api.gateway import Gateway
from services.api.health_board import HealthBoard
from services.api.identity import Identity
from services.api.known_cameras import KnownCameras
from services.api.own_state import OwnState
from services.api.presence_board import PresenceBoard
from services.api.principals import Principals
from services.api.scan_board import ScanBoard
from services.api.settings import ApiSettings
from services.api.signing import LinkSigner
from services.api.status import StatusBoard


class Objects(Protocol):
    """The object store, as far as playback needs it."""

    def get_range(
        self, key: str, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]: ...


class Link(Protocol):
    """The bus, as far as the routes need it."""

    @property
    def is_up(self) -> bool:
        """Whether it can be reached, judged without waiting."""
        ...

    async def ask(self, question: Ask[AnswerT]) -> AnswerT:
        """Return the answer; raises Problem: 503 where nobody answers, 502 where it failed."""
        ...


@dataclass(frozen=True)
class Context:
    settings: ApiSettings
    database: Database
    objects: Objects
    bus: Link
    board: StatusBoard
    health: HealthBoard
    scans: ScanBoard
    presence: PresenceBoard
    events: EventHub
    own_state: OwnState
    desired: Publishes
    principals: Principals
    identity: Identity
    signer: LinkSigner
    credentials: CredentialBox
    known_cameras: KnownCameras
    live_tokens: LiveTokens
    gateway: Gateway
    audit_log: AuditLog
    now: Callable[[], datetime]
    """Aware UTC, whole milliseconds."""


async def context_of(request: Request) -> Context:
    """Return the application's context."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(context_of)]
