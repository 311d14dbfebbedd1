"""Layouts of the live page: each user's own, without cameras that are not there for them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services.api.access import Permission, Principal
from services.api.rights import principal_of
from services.api.routes import layouts as route
from tests.integration.api.conftest import Api

LAYOUTS = "/api/v1/layouts"
SignIn = Callable[..., None]


@pytest.fixture
async def sign_in(api: Api) -> SignIn:
    """Lets requests come from a user; there are `ada` and `ben`."""
    async with api.database.connection() as db:
        for name in ("ada", "ben"):
            await db.execute(
                "insert into users (user_id, name, password_hash, role, all_cameras)"
                " values ($1, $1, 'x', 'viewer', true)",
                name,
            )

    def sign_in(name: str, cameras: frozenset[str] | None = None) -> None:
        who = Principal("user", name, name, frozenset(Permission), cameras)
        api.app.dependency_overrides[principal_of] = lambda: who

    sign_in("ada")
    return sign_in


def tile(camera_id: str = "front-door", x: int = 0, w: int = 1) -> dict[str, Any]:
    return {"camera_id": camera_id, "x": x, "y": 0, "w": w, "h": 1}


def layout(*tiles: dict[str, Any], columns: int = 2) -> dict[str, Any]:
    return {"layout": {"columns": columns, "tiles": list(tiles)}}


async def names(api: Api) -> list[str]:
    return [each["name"] for each in (await api.client.get(LAYOUTS)).json()]


@pytest.mark.usefixtures("sign_in")
async def test_layout_is_kept_replaced_and_forgotten(api: Api):
    await api.add_camera()
    put = await api.client.put(f"{LAYOUTS}/Entrances", json=layout(tile()))
    again = await api.client.put(f"{LAYOUTS}/Entrances", json=layout(tile(x=1)))
    listed = (await api.client.get(LAYOUTS)).json()
    deleted = await api.client.delete(f"{LAYOUTS}/Entrances")
    missing = await api.client.delete(f"{LAYOUTS}/Entrances")

    assert put.status_code == again.status_code == 200
    assert listed == [again.json()]
    assert listed[0]["layout"]["tiles"] == [tile(x=1)]
    assert put.json()["updated_at"] <= again.json()["updated_at"]
    assert (deleted.status_code, missing.status_code) == (204, 404)
    assert await names(api) == []


async def test_each_user_has_layouts_of_their_own(api: Api, sign_in: SignIn):
    await api.client.put(f"{LAYOUTS}/mine", json=layout())
    sign_in("ben")
    await api.client.put(f"{LAYOUTS}/mine", json=layout(columns=8))

    assert (await api.client.get(LAYOUTS)).json()[0]["layout"]["columns"] == 8
    sign_in("ada")
    assert (await api.client.get(LAYOUTS)).json()[0]["layout"]["columns"] == 2


async def test_tiles_of_cameras_that_are_not_there_for_the_user_are_left_out(
    api: Api, sign_in: SignIn
):
    for name in ("Front door", "Garage", "Gone"):
        await api.add_camera(name)
    tiles = [tile(), tile("garage", 1), tile("gone"), tile("never-was")]
    await api.client.put(f"{LAYOUTS}/all", json=layout(*tiles))
    await api.client.delete("/api/v1/cameras/gone")

    everything = (await api.client.get(LAYOUTS)).json()
    sign_in("ada", cameras=frozenset({"garage"}))
    some = (await api.client.get(LAYOUTS)).json()

    assert [each["camera_id"] for each in everything[0]["layout"]["tiles"]] == [
        "front-door",
        "garage",
    ]
    assert [each["camera_id"] for each in some[0]["layout"]["tiles"]] == ["garage"]


@pytest.mark.usefixtures("sign_in")
async def test_there_is_a_most_of_layouts_also_when_they_are_saved_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(route, "MAX_LAYOUTS", 3)
    answers = await asyncio.gather(
        *(api.client.put(f"{LAYOUTS}/{number}", json=layout()) for number in range(6))
    )
    kept = await names(api)
    changed = await api.client.put(f"{LAYOUTS}/{kept[0]}", json=layout(columns=4))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
    assert len(kept) == 3
    assert changed.status_code == 200


@pytest.mark.usefixtures("sign_in")
@pytest.mark.parametrize(
    "body",
    [
        layout(columns=9),
        layout(tile(x=1, w=2)),
        layout(tile("Not An Id")),
        layout(*[tile()] * 65),
        {"layout": {"columns": 1, "tiles": [], "more": 1}},
    ],
    ids=["columns", "beyond", "camera", "tiles", "unknown"],
)
async def test_layout_that_makes_no_sense_is_refused(api: Api, body: dict[str, Any]):
    answer = await api.client.put(f"{LAYOUTS}/odd", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.usefixtures("sign_in")
@pytest.mark.parametrize("name", ["a%2Fb", "%20", "x" * 61, "a%00b"])
async def test_name_that_is_none_is_refused(api: Api, name: str):
    for answer in (
        await api.client.put(f"{LAYOUTS}/{name}", json=layout()),
        await api.client.delete(f"{LAYOUTS}/{name}"),
    ):
        assert answer.status_code == 422


async def test_user_who_was_deleted_meanwhile_saves_nothing(api: Api, sign_in: SignIn):
    sign_in("somebody-else")

    answer = await api.client.put(f"{LAYOUTS}/late", json=layout())

    assert answer.status_code == 401


async def test_api_key_has_no_layouts(api: Api):
    for answer in (
        await api.client.get(LAYOUTS),
        await api.client.put(f"{LAYOUTS}/x", json=layout()),
        await api.client.delete(f"{LAYOUTS}/x"),
    ):
        assert answer.status_code == 403
        assert "sign in" in answer.json()["detail"]
