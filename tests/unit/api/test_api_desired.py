from datetime import UTC, datetime

from libs.bus.keyvalue import Entry
from libs.contracts.cameras import CameraConfig
from services.api.desired import OnBus, plan
from services.api.registry import Camera

T0 = datetime(2026, 11, 20, tzinfo=UTC)


def config(version: int, *, name: str = "Door", camera_id: str = "door") -> CameraConfig:
    return CameraConfig(camera_id=camera_id, name=name, url="rtsp://192.0.2.1/", version=version)


def camera(version: int, *, published: int | None = None, deleted: bool = False) -> Camera:
    return Camera(config(version), published, T0, T0 if deleted else None)


def on_bus(value: CameraConfig) -> OnBus[CameraConfig]:
    return OnBus({value.key: Entry(value.key, value, 17)}, {})


EMPTY = OnBus({}, {})
UNREADABLE = OnBus({}, {"main.door": 23})


def actions(cameras, entries) -> list[tuple[str, int]]:
    return [(step.action, step.revision) for step in plan(cameras, entries)]


def test_camera_that_the_bus_lacks_is_put():
    assert actions([camera(1)], EMPTY) == [("put", 0)]


def test_older_version_on_the_bus_is_replaced_at_its_revision():
    assert actions([camera(2)], on_bus(config(1, name="Old"))) == [("put", 17)]


def test_nothing_is_done_when_both_agree():
    assert actions([camera(2, published=2)], on_bus(config(2))) == []


def test_agreement_is_noted_once():
    assert actions([camera(2, published=1)], on_bus(config(2))) == [("note", 0)]


def test_deleted_camera_goes_from_the_bus_and_stays_away():
    assert actions([camera(3, deleted=True)], on_bus(config(2))) == [("delete", 17)]
    assert actions([camera(3, deleted=True)], EMPTY) == []


def test_database_restored_from_a_backup_goes_above_what_recorders_have_seen():
    assert actions([camera(2)], on_bus(config(5, name="Newer"))) == [("outbid", 17)]


def test_camera_that_a_lost_database_does_not_know_is_adopted_and_not_deleted():
    assert actions([], on_bus(config(5))) == [("adopt", 17)]


def test_unreadable_value_of_a_known_camera_is_overwritten_at_its_revision():
    # It was created anew again and again, which a value that cannot be read refuses as well as
    # any other: the camera stayed as it was for ever.
    assert actions([camera(1, published=1)], UNREADABLE) == [("put", 23)]


def test_unreadable_value_of_a_deleted_camera_goes():
    assert actions([camera(3, deleted=True)], UNREADABLE) == [("delete", 23)]


def test_unreadable_value_of_an_unknown_camera_is_left_to_people():
    assert actions([], UNREADABLE) == []
