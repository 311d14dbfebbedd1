"""What users and keys are granted, checked before it is stored."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from libs.web.problems import FieldProblem, Problem, invalid
from services.api.access import Role
from services.api.schemas_users import Grants, UserPatch
from services.api.user_registry import User, unknown_grants

if TYPE_CHECKING:
    from services.api.database import Connection

ADMINS_SEE_ALL = "an admin sees all cameras: send true"


async def check_grants(
    db: "Connection", camera_ids: Iterable[str], group_ids: Iterable[str]
) -> None:
    """Raise 422 for cameras and groups that never were."""
    cameras, groups = await unknown_grants(db, camera_ids, group_ids)
    problems = [
        FieldProblem(field=field, problem=f"there is no {kind} {', '.join(sorted(unknown))}")
        for field, kind, unknown in (
            ("camera_ids", "camera", cameras),
            ("group_ids", "group", groups),
        )
        if unknown
    ]
    if problems:
        first = invalid(problems[0].field, problems[0].problem)
        raise Problem(first.status, "something is granted that does not exist", errors=problems)


def granted(body: Grants) -> dict[str, Any]:
    """Return what is granted as a user has it: each camera and group once."""
    return {
        "all_cameras": body.all_cameras,
        "camera_ids": tuple(dict.fromkeys(body.camera_ids)),
        "group_ids": tuple(dict.fromkeys(body.group_ids)),
    }


def changed_user(user: User, body: UserPatch, now: datetime) -> User:
    """Return a user with what was sent replaced; raises 422."""
    sent = body.model_dump(exclude_none=True, exclude={"disabled"})
    for name in ("camera_ids", "group_ids"):
        if name in sent:
            sent[name] = tuple(dict.fromkeys(sent[name]))
    changed = replace(user, **sent)
    if body.disabled is not None:
        since = user.disabled_at or now
        changed = replace(changed, disabled_at=since if body.disabled else None)
    if changed.role is Role.ADMIN and not changed.all_cameras:
        raise invalid("all_cameras", ADMINS_SEE_ALL)
    return changed
