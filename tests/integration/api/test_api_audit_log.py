import json
from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection

from services.api import audit_log
from services.api.access import PERMISSIONS, Principal, Role
from services.api.audit import audit, audit_view
from services.api.database import DatabaseUnavailable
from services.api.metrics import AUDIT_DROPPED
from tests.integration.api.conftest import NOW, Api

ANNA = Principal("user", "u1", "Anna", PERMISSIONS[Role.VIEWER])


def asking(principal: Principal | None = ANNA) -> HTTPConnection:
    state = {"principal": principal}
    return HTTPConnection({"type": "http", "client": ("127.0.0.9", 5000), "state": state})


async def entries(api: Api) -> list[dict[str, object]]:
    async with api.database.connection() as db:
        rows = await db.fetch("select * from audit_log order by entry_id")
    return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]


async def actions(api: Api) -> list[str]:
    return [str(entry["action"]) for entry in await entries(api)]


async def test_entry_tells_who_did_what_from_where(api: Api):
    await audit(api.context, asking(), "group.created", subject="yard", name="Yard", cameras=["a"])

    (entry,) = await entries(api)
    assert entry == {
        "entry_id": 1,
        "at": NOW,
        "kind": "user",
        "actor_id": "u1",
        "actor": "Anna",
        "address": "127.0.0.9",
        "action": "group.created",
        "camera_id": None,
        "subject": "yard",
        "detail": {"name": "Yard", "cameras": ["a"]},
    }


async def test_entry_of_a_change_that_is_rolled_back_is_gone_with_it(api: Api):
    async def fails() -> None:
        async with api.database.transaction() as db:
            await audit(api.context, asking(), "camera.added", "yard", db=db)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()

    assert await entries(api) == []


async def test_who_is_not_signed_in_is_nobody(api: Api):
    await audit(api.context, asking(None), "session.refused")

    (entry,) = await entries(api)
    assert (entry["kind"], entry["actor_id"], entry["actor"]) == ("nobody", "", "")


async def test_texts_that_the_database_cannot_hold_are_bounded_and_mended(api: Api):
    await audit(api.context, asking(), "x.y", subject="a\x00b\ud800" + "c" * 9999, deep=["\x00"])

    (entry,) = await entries(api)
    assert str(entry["subject"]).startswith("a\N{REPLACEMENT CHARACTER}b?ccc")
    assert len(str(entry["subject"])) == 300
    assert entry["detail"] == {"deep": ["\N{REPLACEMENT CHARACTER}"]}


async def test_viewing_waits_in_memory_while_the_database_is_away(api: Api, monkeypatch):
    waiting = api.context.audit_log
    audit_view(api.context, asking(), "live.watched", "yard")
    with monkeypatch.context() as away:
        away.setattr(waiting, "_database", Away())
        with pytest.raises(DatabaseUnavailable):
            await waiting.flush()
        audit_view(api.context, asking(), "footage.played", "yard")

    await waiting.flush()
    await waiting.flush()

    assert await actions(api) == ["live.watched", "footage.played"]


async def test_only_the_newest_entries_wait_and_the_others_are_counted(api: Api, monkeypatch):
    monkeypatch.setattr(audit_log, "MOST_PENDING", 2)
    before = AUDIT_DROPPED._value.get()

    for name in ("a.a", "b.b", "c.c"):
        audit_view(api.context, asking(), name)
    await api.context.audit_log.flush()

    assert await actions(api) == ["b.b", "c.c"]
    assert AUDIT_DROPPED._value.get() - before == 1


async def test_entry_that_the_database_refuses_does_not_hold_up_the_others(api: Api):
    audit_view(api.context, asking(), "a.a")
    stranger = Principal("robot", "r", "R", frozenset())  # type: ignore[arg-type] # no such kind
    audit_view(api.context, asking(stranger), "b.b")
    audit_view(api.context, asking(), "c.c")

    await api.context.audit_log.flush()

    assert await actions(api) == ["a.a", "c.c"]


async def test_old_entries_are_deleted_in_pieces(api: Api, monkeypatch):
    monkeypatch.setattr(audit_log, "DELETED_AT_ONCE", 2)
    for days in (500, 450, 401, 400, 1):
        api.set_now(NOW - timedelta(days=days))
        await audit(api.context, asking(), f"d.{days}")

    deleted = await api.context.audit_log.expire(NOW - timedelta(days=400))

    assert deleted == 3
    assert await actions(api) == ["d.400", "d.1"]


class Away:
    """A database that is away."""

    def connection(self) -> None:
        raise DatabaseUnavailable("away")
