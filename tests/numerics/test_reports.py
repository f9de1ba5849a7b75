"""What a run reports of its progress."""

import pytest

from simgen import Network, NeuronGroup, ms, second
from simgen.api.progress import make_report


def test_a_run_reports_its_start_and_its_end(device, capsys):
    network = Network(NeuronGroup(2, "v : 1"))
    network.run(3 * ms)
    assert capsys.readouterr().out == ""
    network.run(5 * ms, report="text")
    begin, end = capsys.readouterr().out.splitlines()
    assert begin == "Starting simulation at t=0.003 s for a duration of 0.005 s"
    assert end.startswith("0.005 s (100%) simulated in ")


@pytest.mark.parametrize(
    ("elapsed", "done", "text"),
    [
        (10.4, 0.25, "2.5 s (25%) simulated in 10s, estimated 31s remaining"),
        (0.5, 0.001, "0.01 s (0%) simulated in 0.5s, estimated 8m 20s remaining"),
        (59.6, 0.5, "5 s (50%) simulated in 1m 0s, estimated 1m 0s remaining"),
        (100.0, 0.01, "0.1 s (1%) simulated in 1m 40s, estimated 2h 45m remaining"),
        (100.0, 1e-4, "0.001 s (0%) simulated in 1m 40s, estimated 11d 14h remaining"),
        (3599.7, 1.0, "10 s (100%) simulated in 1h 0m"),
        (11.0, 0.0, "0 s (0%) simulated in 11s"),  # the first step is still under way
    ],
)
def test_reports_tell_times_in_two_figures(capsys, elapsed, done, text):
    report, period = make_report("text", 2 * second, 0.0, 10.0)
    assert period == 2.0
    report(elapsed, done, 0.0, 10.0)
    assert capsys.readouterr().out == text + "\n"


def test_reports_go_to_functions_and_streams(device, capsys):
    seen = []
    network = Network(NeuronGroup(2, "v : 1"))
    network.run(1 * ms, report=lambda *values: seen.append(values), report_period=0 * second)
    assert float(seen[0][1]) == 0.0
    assert float(seen[-1][1]) == 1.0
    assert seen[-1][3] == 1 * ms
    network.run(1 * ms, report="stderr")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Starting simulation at t=0.001 s")
