"""What of viewing goes into the audit log: each looking once, not each request."""

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from services.api.access import Principal
from services.api.audit import audit_view

if TYPE_CHECKING:
    from services.api.context import Context

TOLD_SECONDS = 300.0


def note_watched(
    ctx: "Context", asking: HTTPConnection, who: Principal, camera_id: str, viewer_id: str
) -> None:
    """Write down that somebody watches live; once for as long as they do."""
    if ctx.audit_log.is_new(
        ("watched", who.kind, who.id, viewer_id, camera_id), TOLD_SECONDS, prolongs=True
    ):
        way = "websocket" if asking.scope["type"] == "websocket" else "http"
        audit_view(ctx, asking, "live.watched", camera_id, by=who, way=way)


def note_live_link(
    ctx: "Context", asking: HTTPConnection, who: Principal, camera_id: str, viewer_id: str
) -> None:
    """Write down that somebody made a link for watching live; prolonging it is no other link."""
    if ctx.audit_log.is_new(
        ("link", who.kind, who.id, viewer_id, camera_id), TOLD_SECONDS, prolongs=True
    ):
        audit_view(ctx, asking, "live.link_made", camera_id, by=who)


def note_footage_link(
    ctx: "Context", asking: HTTPConnection, who: Principal, camera_id: str, **what: str
) -> None:
    """Write down that somebody made a link to a camera's footage."""
    audit_view(ctx, asking, "footage.link_made", camera_id, by=who, **what)


def note_played(
    ctx: "Context", asking: HTTPConnection, who: Principal, camera_id: str, **what: str
) -> None:
    """Write down that somebody plays a camera's footage, every five minutes as it goes on."""
    if ctx.audit_log.is_new(("played", who.kind, who.id, camera_id), TOLD_SECONDS):
        audit_view(ctx, asking, "footage.played", camera_id, by=who, **what)


def note_audit_read(ctx: "Context", asking: HTTPConnection, who: Principal) -> None:
    """Write down that somebody reads the audit log; paging on is no other reading."""
    if ctx.audit_log.is_new(("audit", who.kind, who.id), TOLD_SECONDS, prolongs=True):
        audit_view(ctx, asking, "audit.read", by=who)


def note_downloaded(
    ctx: "Context",
    asking: HTTPConnection,
    who: Principal,
    camera_id: str,
    subject: str,
    **what: str,
) -> None:
    """Write down that somebody downloads something; resuming it is no other download."""
    if ctx.audit_log.is_new(("downloaded", who.kind, who.id, subject), TOLD_SECONDS):
        audit_view(ctx, asking, "footage.downloaded", camera_id, subject, by=who, **what)
