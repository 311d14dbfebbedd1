"""What a route asks of whoever calls it: `dependencies=[needs(Permission.FOOTAGE_READ)]`."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request

from libs.web.problems import Problem, not_found
from services.api.access import Permission, Principal
from services.api.recording_ids import camera_of


class Needs:
    """A dependency that lets a request through whose principal has a permission.

    Where the path names a camera, or a recording of a camera, that the principal may not see, the
    answer is the same 404 as for one that does not exist. `all_cameras`: only who sees all
    cameras passes, because what the route does cannot be kept to some. Raises Problem: 401, 403
    or 404.
    """

    def __init__(self, permission: Permission, *, all_cameras: bool = False) -> None:
        self.permission = permission
        self.all_cameras = all_cameras

    # Asynchronous, because FastAPI hands what is not to a thread: dearer than the check itself.
    async def __call__(self, request: Request) -> Principal:
        return self.check(request)

    def check(self, request: Request) -> Principal:
        """Return who asks, if it may; raises Problem."""
        principal = signed_in(request)
        check_may(principal, self.permission)
        if self.all_cameras and principal.cameras is not None:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"{principal.name} may see some cameras only, and this is for those who see all",
            )
        check_path(principal, request)
        return principal


def needs(permission: Permission, *, all_cameras: bool = False) -> Any:
    """Return what goes into the `dependencies` of a route or router."""
    return Depends(Needs(permission, all_cameras=all_cameras))


def check_may(principal: Principal, permission: Permission, camera_id: str | None = None) -> None:
    """Raise 403 where a permission is lacking, and 404 for a camera that may not be seen."""
    if not principal.may(permission):
        raise Problem(HTTPStatus.FORBIDDEN, f"{principal.name} lacks {permission}")
    if camera_id is not None and not principal.sees(camera_id):
        raise no_camera(camera_id)


def check_path(principal: Principal, request: Request) -> None:
    """Raise 404 where the path names a camera, or a recording of one, that may not be seen."""
    camera_id = request.path_params.get("camera_id")
    if camera_id is not None and not principal.sees(camera_id):
        raise no_camera(camera_id)
    recording_id = request.path_params.get("recording_id")
    if recording_id is not None and not principal.sees(camera_of(recording_id)):
        raise no_recording()


def no_camera(camera_id: str) -> Problem:
    """Return what is said of a camera that does not exist, or may not be seen."""
    return not_found(
        f"there is no camera {camera_id}, or you may not see it; "
        "GET /api/v1/cameras lists those that you may"
    )


def no_recording() -> Problem:
    """Return what is said of a recording that does not exist, or may not be seen."""
    return not_found("there is no such recording in the catalog")


async def principal_of(request: Request) -> Principal:
    """Return who asks, to a route that depends on it."""
    return signed_in(request)


def signed_in(request: Request) -> Principal:
    """Return who asks; raises Problem 401 where the way in was a signed link or nothing."""
    principal: Principal | None = request.scope["state"].get("principal")
    if principal is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign in, or send an API key")
    return principal


Who = Annotated[Principal, Depends(principal_of)]
