"""What the fan-out benchmark makes of its readings."""

import json
import math
from dataclasses import replace

import pytest

from benchmarks import live_fanout_report
from benchmarks.live_fanout import main
from benchmarks.live_fanout_installation import divide
from benchmarks.live_fanout_summary import (
    Series,
    Step,
    between,
    conclusion,
    limit,
    quantile,
    ramp,
    summarise,
)
from benchmarks.live_fanout_tally import Report, Tally

STEP = Step(
    viewers=10,
    watching=10,
    seconds=20.0,
    streamer_cpu=0.3,
    generator_cpu=0.1,
    generator_late_p99=0.002,
    machine_busy=0.4,
    requests_per_second=100.0,
    megabytes_per_second=1.0,
    p50=0.01,
    p99=0.05,
    worst=0.06,
    received=1.0,
    errors={},
)
REPORT = Report(
    delays_ms=[100.0, 140.0], lags_ms=[1.0], positions=2, requests=4, bytes=1_000_000, errors={}
)
WHERE: dict[str, str | int] = {"cpu": "a CPU", "cores": 2, "python": "3.11", "commit": "abc"}


def with_viewers(count: int, *, p99: float = 0.05) -> Step:
    return replace(STEP, viewers=count, watching=count, p99=p99)


def series(*steps: Step) -> Series:
    return Series("ll-hls", 0.05, steps)


def summary(*reports: Report, viewers: int = 1, baseline: float = 0.1) -> Step:
    return summarise(
        reports,
        viewers=viewers,
        watching=viewers,
        seconds=2.0,
        baseline=baseline,
        streamer_cpu=0.5,
        generator_cpu=0.1,
        machine_busy=0.3,
    )


# ---- Delays ---------------------------------------------------------------------
def test_the_added_delay_is_what_is_above_the_baseline():
    step = summary(REPORT)

    assert step.p50 == pytest.approx(0.0)
    assert step.p99 == pytest.approx(0.04)
    assert step.worst == pytest.approx(0.04)


def test_reports_of_all_processes_count_together():
    other = replace(REPORT, delays_ms=[300.0, 300.0], errors={"status 503": 2})

    step = summary(REPORT, other, viewers=2)

    assert step.worst == pytest.approx(0.2)
    assert step.received == 1.0
    assert step.requests_per_second == 4.0
    assert step.megabytes_per_second == 1.0
    assert step.errors == {"status 503": 2}


def test_parts_that_nobody_got_are_missing_from_what_was_received():
    assert summary(REPORT, viewers=4).received == 0.25


def test_a_step_without_any_part_is_not_within():
    step = summary(replace(REPORT, delays_ms=[], positions=0))

    assert math.isnan(step.p99)
    assert not step.is_within


def test_a_quantile_is_a_value_that_was_seen():
    values = [float(number) for number in range(100, 0, -1)]

    assert quantile(values, 0.99) == 99.0
    assert quantile(values, 0.5) == 50.0
    assert quantile([3.0], 0.01) == 3.0


def test_a_tally_counts_only_while_it_measures():
    tally = Tally()
    tally.part((1, 0), end=10.0, received_at=10.1)
    tally.failed("early")
    tally.begin()
    tally.part((1, 1), end=10.2, received_at=10.25)
    tally.answered(500)

    told = tally.end()
    tally.part((1, 2), end=10.4, received_at=10.5)

    assert Report(**json.loads(json.dumps(told))) == Report([50.0], [], 1, 1, 500, {})
    assert len(tally.delays_ms) == 1


# ---- When to stop ---------------------------------------------------------------
def test_a_step_is_within_up_to_one_part():
    assert replace(STEP, p99=0.2).is_within
    assert not replace(STEP, p99=0.201).is_within


@pytest.mark.parametrize(
    "step",
    [
        replace(STEP, watching=9),
        replace(STEP, received=0.89),
        replace(STEP, errors={"status 503": 6, "connection lost": 5}),  # of 1000 parts
    ],
)
def test_a_step_is_not_within_when_viewers_were_left_out(step: Step):
    assert not step.is_within


def test_few_errors_are_forgiven():
    assert replace(STEP, errors={"connection lost": 10}).is_within


def test_the_ramp_ends_where_it_is_told():
    assert list(ramp(420)) == [10, 25, 50, 100, 150, 200, 300, 400]
    assert list(ramp(25)) == [10, 25]
    assert list(ramp(1)) == []


def test_what_is_between_within_and_beyond_is_tried():
    steps = [STEP, with_viewers(100), with_viewers(150, p99=1.0)]

    assert between(steps) == 125


def test_nothing_is_tried_between_numbers_that_are_close_or_when_all_were_within():
    close = [with_viewers(140), with_viewers(150, p99=1.0)]

    assert between(close) is None
    assert between([STEP]) is None


def test_the_most_viewers_are_below_the_first_number_that_was_beyond():
    found = series(STEP, with_viewers(100, p99=0.5), with_viewers(200))

    assert found.most == STEP
    assert found.exceeded is not None
    assert found.exceeded.viewers == 100


# ---- What it says ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        (replace(STEP, viewers=50, p99=1.0, streamer_cpu=0.97), "the streamer's core was full"),
        (replace(STEP, viewers=50, p99=1.0, streamer_cpu=0.97, generator_cpu=0.95), "generator"),
        (replace(STEP, viewers=50, p99=1.0, generator_late_p99=0.15), "generator"),
        (replace(STEP, viewers=50, p99=1.0), "burst"),
        (replace(STEP, viewers=50, errors={"status 503": 900}), "status 503"),
    ],
)
def test_the_limit_is_named(beyond: Step, words: str):
    assert words in limit(series(STEP, beyond))


def test_the_conclusion_says_how_many_viewers_one_core_serves():
    text = conclusion(series(STEP, replace(STEP, viewers=25, p99=1.0, streamer_cpu=0.99)))

    assert "serves 10 viewers (25 did not)" in text
    assert "core was full" in text


def test_the_conclusion_is_honest_when_not_even_one_viewer_was_served():
    assert "not even 10 viewers" in conclusion(series(replace(STEP, p99=9.0)))


def test_the_page_has_a_row_for_each_step():
    page = live_fanout_report.render(
        [series(STEP, replace(STEP, viewers=25, p99=math.nan, errors={"status 503": 3}))],
        where=WHERE,
        cores="One core each.",
        seconds=20.0,
        measured_at="2026-11-20T12:00:00+00:00",
    )

    assert "| 10 | 30% of a core | 100 | 1.0 | 10 ms | 50 ms | 60 ms | 100.0% | 0 |" in page
    assert "| - | 60 ms | 100.0% | status 503: 3 |" in page


# ---- Who runs where -------------------------------------------------------------
def test_the_streamer_has_a_core_of_its_own_where_there_are_two():
    cores = divide({2, 5, 7})

    assert cores.streamer == {2}
    assert cores.others == {5, 7}
    assert "core of its own" in cores.description


def test_on_one_core_the_result_says_so():
    cores = divide({0})

    assert cores.streamer == cores.others == {0}
    assert "too low" in cores.description


@pytest.mark.parametrize("given", [["--transports", "udp"], ["--most", "0"], ["--seconds", "-1"]])
def test_options_that_make_no_sense_are_refused(given: list[str], capsys):
    with pytest.raises(SystemExit) as end:
        main(given)

    assert end.value.code == 2
    assert "--" in capsys.readouterr().err
