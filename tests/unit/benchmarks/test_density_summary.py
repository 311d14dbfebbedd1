"""What the density benchmark makes of its readings."""

from dataclasses import replace

import pytest

from benchmarks import density_frames, machine, proc_usage
from benchmarks.density_everframe import sum_metric
from benchmarks.density_ffmpeg import command
from benchmarks.density_summary import Round, ratio, summarise, summarise_all, tables
from benchmarks.recording_density import main, quiet_delay

LOOP_MS, FRAME_MS = 60_000, 40
# a moment at which the loop stands at 0
NOON_MS = 29_000_000 * LOOP_MS

ROUND = Round(
    side="everframe",
    cameras=4,
    seconds=30.0,
    cpu_seconds=2.0,
    rss_bytes=200_000_000,
    pss_bytes=100_000_000,
    media_bytes=40_000_000,
    store_bytes=20_000_000,
    frames_recorded=2998,
    frames_expected=3000,
    machine_busy=0.5,
    simulator_cpu_seconds=1.0,
    counters={"reconnects": 1.0, "lost_packets": 0.0},
)
FFMPEG = replace(ROUND, side="ffmpeg", cpu_seconds=4.0, store_bytes=0, counters={})


def span(since_ms: int, until_ms: int) -> density_frames.Span:
    return density_frames.Span(LOOP_MS, FRAME_MS, NOON_MS + since_ms, NOON_MS + until_ms)


# ---- /proc ----------------------------------------------------------------------
def test_cpu_time_is_found_behind_a_process_name_with_blanks_and_parentheses():
    before = "42 (a ) b (c) S 1 42 42 0 -1 4194560 100 0 0 0"

    assert proc_usage.parse_stat_cpu(f"{before} 150 50 9 9 20 0 4 0", 100) == 2.0


def test_memory_is_read_in_bytes():
    text = (
        "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:   100 kB\nPss:    40 kB\nPss_Anon: 8 kB\n"
    )

    assert proc_usage.parse_rollup(text) == proc_usage.Memory(rss=102_400, pss=40_960)


def test_waiting_for_the_disk_does_not_make_the_machine_busy():
    text = "cpu  10 0 10 60 20 0 0 0 5 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"

    assert proc_usage.parse_machine_cpu(text) == (20.0, 100.0)


def test_the_busy_share_is_that_of_the_time_between():
    assert proc_usage.busy_share((20.0, 100.0), (70.0, 200.0)) == 0.5


def test_threads_are_split_into_the_main_one_and_the_others():
    before = {1: 1.0, 2: 1.0, 3: 5.0}
    after = {1: 1.5, 2: 3.0, 4: 1.0}

    share = proc_usage.thread_share(1, before, after)

    assert share == proc_usage.ThreadShare(0.5, 3.0, other_threads=2, busiest_other=2.0)


def test_the_processor_is_named_as_the_kernel_names_it():
    text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nprocessor\t: 1\nmodel name\t: other\n"

    assert machine.cpu_model(text) == "Some CPU @ 2 GHz"


# ---- pictures -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "last", "since_ms", "until_ms", "expected"),
    [
        (0, 960, 0, 960, 25),
        (59_960, 0, 59_960, 60_000, 2),
        (1_000, 2_000, 3_000, 61_500, 1526),  # round the loop once, begun before all did
        (1_000, 2_000, 1_000, 3_000, 51),  # the last second is missing
    ],
)
def test_the_pictures_clocks_tell_how_many_there_should_be(
    first, last, since_ms, until_ms, expected
):
    assert density_frames.expected_frames(first, last, span(since_ms, until_ms)) == expected


def test_pictures_of_several_cameras_are_added_up():
    counts = [density_frames.FrameCount(10, 12), density_frames.FrameCount(5, 5)]

    total = density_frames.total(counts)

    assert (total.recorded, total.missing) == (15, 2)


def test_a_camera_without_any_file_is_an_error():
    with pytest.raises(ValueError, match="no readable picture"):
        density_frames.count_frames([], span(0, 1000))


# ---- summary --------------------------------------------------------------------
def test_cost_is_per_camera_and_minute():
    summary = summarise([ROUND, replace(ROUND, cpu_seconds=4.0)])

    assert summary.cpu_seconds_per_camera_minute == pytest.approx(1.5)
    assert summary.cpu_spread == pytest.approx(2 / 3)
    assert summary.rss_bytes_per_camera == 50_000_000
    assert summary.pss_bytes_per_camera == 25_000_000
    assert summary.media_bytes_per_camera_minute == 20_000_000
    assert summary.store_bytes_per_camera_minute == 10_000_000


def test_missing_pictures_and_counters_are_added_up_over_rounds():
    summary = summarise([ROUND, ROUND])

    assert summary.frames_missing == 4
    assert summary.counters == {"lost_packets": 0.0, "reconnects": 2.0}


def test_rounds_of_both_sides_are_not_averaged():
    with pytest.raises(ValueError, match="exactly one side"):
        summarise([ROUND, FFMPEG])


def test_only_numbers_of_cameras_that_both_sides_have_are_compared():
    alone = replace(ROUND, cameras=16)

    pairs = summarise_all([alone, FFMPEG, ROUND])

    assert [(ours.side, theirs.side, ours.cameras) for ours, theirs in pairs] == [
        ("everframe", "ffmpeg", 4)
    ]


def test_the_table_shows_both_sides_and_their_ratio():
    text = tables(summarise_all([ROUND, FFMPEG]))

    assert "| 4 | 1.00 | 2.00 | 0.50 | 50.0 | 50.0 | 1.00 |" in text
    assert "| 2 of 3000 | 2 of 3000 | reconnects 1 | all 0 |" in text


def test_there_is_no_ratio_to_nothing():
    assert ratio(1.0, 0.0) is None


# ---- the two sides --------------------------------------------------------------
def test_a_metric_is_summed_over_its_labels_and_no_other():
    text = '# HELP lost_total x\nlost_total{camera_id="a"} 2.0\nlost_total{camera_id="b"} 3.0\n'
    text += 'lost_total_created{camera_id="a"} 9.0\n'

    assert sum_metric(text, "lost_total") == 5.0


def test_ffmpeg_cuts_at_full_minutes_without_touching_the_streams():
    line = " ".join(command("ffmpeg", "rtsp://127.0.0.1:1/s", "out-%03d.mp4"))

    assert line == (
        "ffmpeg -nostdin -v error -rtsp_transport tcp -i rtsp://127.0.0.1:1/s -c copy -f segment"
        " -segment_time 60 -segment_format mp4 -segment_atclocktime 1 -reset_timestamps 1"
        " out-%03d.mp4"
    )


@pytest.mark.parametrize(
    ("second", "window", "delay"),
    [(5, 60, 10), (15, 60, 0), (54, 60, 0), (57, 60, 18), (57, 20, 0)],
)
def test_a_window_does_not_begin_while_files_change(second, window, delay):
    assert quiet_delay(1_200_000_000 + second, window) == delay


def test_without_ffmpeg_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")

    assert main([]) == 2
    assert "apt-get install ffmpeg" in capsys.readouterr().err


def test_more_cameras_than_a_recorder_holds_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--cameras", "1,33"])

    assert "from 1 to 32 cameras" in capsys.readouterr().err
