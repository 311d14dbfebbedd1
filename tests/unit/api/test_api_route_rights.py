import pytest
from fastapi import APIRouter, FastAPI

from services.api.access import Permission
from services.api.rights import needs
from services.api.route_rights import RouteWithoutPermission, check_routes, permissions_of

LIVE = needs(Permission.LIVE_WATCH)


def application(router: APIRouter) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router, prefix="/api/v1")
    return app


def nothing() -> None:
    """Do nothing."""


def test_route_without_a_permission_is_refused_by_name():
    router = APIRouter()
    router.add_api_route("/a", nothing, dependencies=[LIVE])
    router.add_api_route("/b", nothing, methods=["POST", "PUT"])

    with pytest.raises(RouteWithoutPermission, match=r"^POST /api/v1/b, PUT /api/v1/b: add"):
        check_routes(application(router).routes)


def test_websocket_without_a_permission_is_refused():
    router = APIRouter()
    router.add_api_websocket_route("/a", nothing)

    with pytest.raises(RouteWithoutPermission, match="WEBSOCKET /api/v1/a"):
        check_routes(application(router).routes)


def test_permission_of_an_outer_router_counts():
    router, inner = APIRouter(dependencies=[LIVE]), APIRouter()
    inner.add_api_route("/a", nothing)
    router.include_router(inner, prefix="/deep")
    app = application(router)

    check_routes(app.routes)
    assert list(permissions_of(app.routes)) == [("GET /api/v1/deep/a", [Permission.LIVE_WATCH])]


def test_exception_that_asks_for_a_permission_after_all_is_refused():
    router = APIRouter()
    router.add_api_route("/health", nothing, dependencies=[LIVE])

    with pytest.raises(RouteWithoutPermission, match="GET /api/v1/health: is no exception"):
        check_routes(application(router).routes)


def test_pages_beside_the_api_need_none():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/live", nothing)

    check_routes(app.routes)
