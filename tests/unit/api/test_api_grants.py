import pytest

from libs.web.problems import Problem
from services.api.access import ALL_CAMERAS, PERMISSIONS, Principal, Role
from services.api.grants import maker_id, narrowed


def viewer(*cameras: str) -> Principal:
    return Principal("user", "u1", "Anna", PERMISSIONS[Role.VIEWER], frozenset(cameras))


ADMIN = Principal("key", "evf_abcdef", "key", PERMISSIONS[Role.ADMIN], ALL_CAMERAS)


@pytest.mark.parametrize(
    ("who", "named", "cameras"),
    [
        (ADMIN, [], None),
        (ADMIN, ["yard"], ("yard",)),
        (viewer("yard", "hall"), [], ("hall", "yard")),
        (viewer("yard", "hall"), ["yard"], ("yard",)),
        # nothing granted is not everything
        (viewer(), [], ()),
    ],
)
def test_list_is_about_what_was_named_else_about_what_was_granted(who, named, cameras):
    assert narrowed(who, named) == cameras


@pytest.mark.parametrize("who", [viewer("hall"), viewer()], ids=["some", "none"])
def test_camera_that_was_not_granted_does_not_exist(who):
    with pytest.raises(
        Problem, match="there is no camera yard, or you may not see it; GET"
    ) as refused:
        narrowed(who, ["hall", "yard"] if who.cameras else ["yard"])

    assert refused.value.status == 404


def test_maker_of_a_link_is_named_by_kind_and_id():
    assert [maker_id(who) for who in (viewer(), ADMIN)] == ["user:u1", "key:evf_abcdef"]
