"""A rejected login rests for all cameras of the device, for longer each time."""

from libs.runtime.credentials import CameraCredentials
from services.recorder.rejected_logins import (
    FIRST_ALONE_SECONDS,
    CameraLogin,
    RejectedLogins,
    place_of,
)

GOOD, WRONG = CameraCredentials("viewer", "good"), CameraCredentials("viewer", "wrong")
URL = "rtsp://192.0.2.7:554/Streaming/Channels/{}01"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def table(clock: Clock) -> RejectedLogins:
    return RejectedLogins(first_seconds=60, longest_seconds=2100, monotonic=clock)


def cameras(logins: RejectedLogins, login: CameraCredentials | None, count: int = 16):
    return [CameraLogin(logins, URL.format(number), login) for number in range(1, count + 1)]


def test_sixteen_channels_try_a_wrong_login_once():
    clock = Clock()
    first, *others = cameras(table(clock), WRONG)

    assert first.seconds_to_wait() == 0
    assert all(camera.seconds_to_wait() > 0 for camera in others)
    assert not others[0].is_rejected
    assert first.rejected() == 60

    assert all(50 < camera.seconds_to_wait() <= 60 for camera in (first, *others))
    assert others[0].is_rejected


def test_a_login_that_is_rejected_again_rests_for_longer_than_a_lock_in_the_end():
    clock = Clock()
    first, second = cameras(table(clock), WRONG, 2)
    rests = []
    for _ in range(8):
        assert first.seconds_to_wait() == 0
        assert second.seconds_to_wait() > 0
        rests.append(first.rejected())
        clock.now += rests[-1]

    assert rests == [60, 120, 240, 480, 960, 1920, 2100, 2100]


def test_an_accepted_login_lets_all_in_at_once():
    first, *others = cameras(table(Clock()), GOOD)

    assert first.seconds_to_wait() == 0
    first.accepted()

    assert all(camera.seconds_to_wait() == 0 for camera in others)


def test_a_device_that_is_not_reached_keeps_nobody_waiting():
    first, second, third = cameras(table(Clock()), GOOD, 3)

    assert first.seconds_to_wait() == 0
    first.undecided()

    assert second.seconds_to_wait() == 0
    assert third.seconds_to_wait() > 0


def test_who_never_says_what_became_of_it_keeps_the_others_for_a_moment_only():
    clock = Clock()
    first, second = cameras(table(clock), GOOD, 2)

    assert first.seconds_to_wait() == 0
    clock.now += FIRST_ALONE_SECONDS

    assert second.seconds_to_wait() == 0


def test_another_login_or_another_device_is_not_concerned():
    logins = table(Clock())
    (wrong,) = cameras(logins, WRONG, 1)
    wrong.seconds_to_wait()
    wrong.rejected()

    assert cameras(logins, GOOD, 1)[0].seconds_to_wait() == 0
    assert CameraLogin(logins, "rtsp://192.0.2.8:554/", WRONG).seconds_to_wait() == 0


def test_a_changed_camera_is_tried_at_once():
    logins = table(Clock())
    first, second = cameras(logins, WRONG, 2)
    first.seconds_to_wait()
    first.rejected()

    logins.forget(place_of(URL.format(2)))

    assert second.seconds_to_wait() == 0
    assert not second.is_rejected


def test_a_camera_that_wants_a_login_and_has_none_rests_too():
    (camera,) = cameras(table(Clock()), None, 1)

    assert camera.seconds_to_wait() == 0
    assert camera.rejected() == 60
    assert camera.seconds_to_wait() == 60


def test_the_password_is_nowhere_in_the_table():
    logins = table(Clock())
    (camera,) = cameras(logins, WRONG, 1)
    camera.seconds_to_wait()

    assert "wrong" not in repr(vars(logins))
