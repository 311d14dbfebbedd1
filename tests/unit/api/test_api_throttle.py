from services.api.throttle import FORGET_SECONDS, LONGEST_SECONDS, Attempts, Throttle

ALICE = Attempts("name", "alice")
HERE = Attempts("address", "192.0.2.1")


class Now:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def failed(throttle: Throttle, times: int, *counted_by: Attempts) -> list[int | None]:
    return [throttle.begin(counted_by) for _ in range(times)]


def test_wait_doubles_after_some_free_attempts_up_to_a_limit():
    now = Now()
    throttle = Throttle(now)
    assert failed(throttle, 6, ALICE) == [None] * 5 + [1]

    waits = []
    for _ in range(12):
        wait = throttle.begin([ALICE])
        assert wait is not None
        waits.append(wait)
        now.at += wait
        assert throttle.begin([ALICE]) is None

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert waits[-1] == LONGEST_SECONDS


def test_refused_attempts_do_not_prolong_the_wait():
    now = Now()
    throttle = Throttle(now)
    failed(throttle, 5, ALICE)

    assert failed(throttle, 1000, ALICE) == [1] * 1000
    now.at += 1
    assert throttle.begin([ALICE]) is None


def test_attempts_at_once_count_before_their_outcome_is_known():
    throttle = Throttle(Now())

    assert failed(throttle, 100, ALICE).count(None) == 5


def test_success_forgives_a_name_but_gives_an_address_back_one_attempt_only():
    throttle = Throttle(Now())
    failed(throttle, 4, ALICE, HERE)
    failed(throttle, 15, HERE)
    assert throttle.begin([ALICE, HERE]) is None

    throttle.succeeded([ALICE, HERE])

    assert failed(throttle, 5, ALICE) == [None] * 5
    assert failed(throttle, 2, HERE) == [None, 1]


def test_attempt_that_could_not_be_decided_does_not_count():
    throttle = Throttle(Now())
    for _ in range(50):
        assert throttle.begin([ALICE, HERE]) is None
        throttle.take_back([ALICE, HERE])


def test_whoever_is_kept_waiting_by_one_count_adds_to_no_other():
    throttle = Throttle(Now())
    failed(throttle, 5, ALICE)
    failed(throttle, 100, ALICE, HERE)

    assert failed(throttle, 21, HERE) == [None] * 20 + [1]


def test_everything_is_forgiven_after_a_quiet_hour():
    now = Now()
    throttle = Throttle(now)
    failed(throttle, 5, ALICE)
    now.at += FORGET_SECONDS

    assert failed(throttle, 5, ALICE) == [None] * 5


def test_memory_is_bounded_and_keeps_whoever_failed_last(monkeypatch):
    monkeypatch.setattr("services.api.throttle.MOST_REMEMBERED", 100)
    throttle = Throttle(Now())
    failed(throttle, 5, ALICE)
    for number in range(99):
        throttle.begin([Attempts("name", str(number))])
    assert throttle.begin([ALICE]) == 1
    throttle.begin([Attempts("name", "one more")])

    assert len(throttle._counts) == 100
    assert throttle.begin([ALICE]) is None
