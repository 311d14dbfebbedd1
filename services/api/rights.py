"""What a route asks of whoever calls it: `dependencies=[needs(Permission.FOOTAGE_READ)]`."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request

from libs.web.problems import Problem, not_found
from services.api.access import Permission, Principal


class Needs:
    """A dependency that lets a request through whose principal has a permission.

    Where the path names a camera that the principal may not see, the answer is the same 404 as
    for one that does not exist. Raises Problem: 401, 403 or 404.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> Principal:
        principal = principal_of(request)
        if not principal.may(self.permission):
            raise Problem(HTTPStatus.FORBIDDEN, f"{principal.name} lacks {self.permission}")
        camera_id = request.path_params.get("camera_id")
        if camera_id is not None and not principal.sees(camera_id):
            raise not_found(f"there is no camera {camera_id}")
        return principal


def needs(permission: Permission) -> Any:
    """Return what goes into the `dependencies` of a route or router."""
    return Depends(Needs(permission))


def principal_of(request: Request) -> Principal:
    """Return who asks; raises Problem 401 where the way in was a signed link or nothing."""
    principal: Principal | None = request.scope["state"].get("principal")
    if principal is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign in, or send an API key")
    return principal


Who = Annotated[Principal, Depends(principal_of)]
