"""Groups of cameras: for grants, and for finding cameras."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import APIRouter, Request, Response

from libs.web.problems import FieldProblem, Problem, not_found
from services.api import groups, registry
from services.api.access import Permission, Principal
from services.api.audit import audit
from services.api.context import Context, Ctx
from services.api.groups import Group
from services.api.rights import Who, needs
from services.api.schemas_groups import MAX_GROUPS, GroupCreate, GroupId, GroupPatch, GroupView

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()
router = APIRouter(prefix="/groups", tags=["groups"])

READ = [needs(Permission.CAMERAS_READ)]
WRITE = [needs(Permission.CAMERAS_WRITE, all_cameras=True)]
"""Who changes a group changes what others may see."""


@router.get("", dependencies=READ)
async def list_groups(ctx: Ctx, who: Who) -> list[GroupView]:
    """List the groups by name, with those of their cameras that you may see."""
    async with ctx.database.connection() as db:
        found = await groups.read_groups(db)
    views = [_view(group, who) for group in found]
    return [view for view in views if view.camera_ids or who.cameras is None]


@router.post("", status_code=HTTPStatus.CREATED, dependencies=WRITE)
async def create_group(
    body: GroupCreate, ctx: Ctx, who: Who, request: Request, response: Response
) -> GroupView:
    """Make a group of cameras."""
    async with ctx.database.transaction() as db:
        await groups.lock_groups(db)
        there = await groups.read_groups(db)
        if len(there) >= MAX_GROUPS:
            raise Problem(
                HTTPStatus.CONFLICT, f"there are {MAX_GROUPS} groups, which is the most; delete one"
            )
        _check_name(there, body.name)
        group_id = await groups.new_group_id(db, body.name)
        group = Group(group_id, body.name, await _members(db, body.camera_ids))
        await groups.insert_group(db, group)
        await _tell(ctx, request, db, "group.created", group)
    log.info("group.created", group_id=group_id)
    response.headers["Location"] = f"/api/v1/groups/{group_id}"
    return _view(group, who)


@router.patch("/{group_id}", dependencies=WRITE)
async def change_group(
    group_id: GroupId, body: GroupPatch, ctx: Ctx, who: Who, request: Request
) -> GroupView:
    """Change what is named; it acts at once for all to whom the group is granted."""
    async with ctx.database.transaction() as db:
        await groups.lock_groups(db)
        old = await _existing(db, group_id)
        name = body.name or old.name
        _check_name(await groups.read_groups(db), name, but=group_id)
        members = old.camera_ids
        if body.camera_ids is not None:
            members = await _members(db, body.camera_ids)
        new = Group(group_id, name, members)
        if new != old:
            await groups.update_group(db, new)
            await _tell(ctx, request, db, "group.changed", new)
    ctx.principals.forget()
    log.info("group.changed", group_id=group_id, fields=sorted(body.model_fields_set))
    return _view(new, who)


@router.delete("/{group_id}", status_code=HTTPStatus.NO_CONTENT, dependencies=WRITE)
async def delete_group(group_id: GroupId, ctx: Ctx, request: Request) -> None:
    """Forget a group and its grants; its cameras stay."""
    async with ctx.database.transaction() as db:
        await groups.lock_groups(db)
        old = await _existing(db, group_id)
        await groups.delete_group(db, group_id)
        await _tell(ctx, request, db, "group.deleted", old)
    ctx.principals.forget()
    log.info("group.deleted", group_id=group_id)


async def _existing(db: "Connection", group_id: str) -> Group:
    group = await groups.read_group(db, group_id)
    if group is None:
        raise not_found(f"there is no group {group_id}")
    return group


async def _members(db: "Connection", camera_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the members by id; raises 422 for cameras that do not exist."""
    wanted = sorted(set(camera_ids))
    cameras = await registry.read_cameras(db, with_deleted=True, only=wanted)
    known = {camera.config.camera_id for camera in cameras}
    errors = [
        FieldProblem(field="camera_ids", problem=f"there is no camera {camera_id}")
        for camera_id in wanted
        if camera_id not in known
    ]
    if errors:
        detail = f"{len(errors)} of the cameras do not exist"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)
    return tuple(wanted)


def _check_name(there: list[Group], name: str, *, but: str | None = None) -> None:
    if groups.is_name_taken(there, name, but=but):
        raise Problem(HTTPStatus.CONFLICT, f"there is a group named {name}; take another name")


async def _tell(
    ctx: Context, request: Request, db: "Connection", action: str, group: Group
) -> None:
    about = {"name": group.name, "camera_ids": group.camera_ids}
    await audit(ctx, request, action, subject=group.group_id, db=db, group=about)


def _view(group: Group, who: Principal) -> GroupView:
    return GroupView(
        group_id=group.group_id, name=group.name, camera_ids=who.visible(group.camera_ids)
    )
