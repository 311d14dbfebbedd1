"""Which processes of Everframe run."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from libs.contracts.presence import ServiceState
from services.api.access import Permission
from services.api.context import Ctx
from services.api.rights import needs
from services.api.schemas_system import FigureView, ServiceView

router = APIRouter(prefix="/system", tags=["system"], dependencies=[needs(Permission.SYSTEM_READ)])


@router.get("/services")
async def list_services(ctx: Ctx) -> list[ServiceView]:
    """List the running processes by service and instance, this one too, each by its own word.

    A process that was killed stays for a day as `silent`; one that was stopped goes at once.
    """
    now = ctx.now()
    own = await ctx.own_state.state()
    others = [seen for seen in ctx.presence.services() if seen.state.key != own.key]
    views = [_view(seen.state, seen.seen_at, seen.judged(now)) for seen in others]
    views.append(_view(own, own.seen_at, "up"))
    return sorted(views, key=lambda view: (view.service, view.instance))


def _view(state: ServiceState, seen_at: datetime, judged: Literal["up", "silent"]) -> ServiceView:
    return ServiceView(
        service=state.service,
        instance=state.instance,
        version=state.version,
        started_at=state.started_at,
        seen_at=seen_at,
        state=judged,
        figures=[FigureView.model_validate(each.model_dump()) for each in state.figures],
    )
