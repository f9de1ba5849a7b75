"""What a run reports of its progress."""

import pytest

from simgen import Hz, Network, NetworkOperation, NeuronGroup, ms, second, stop
from simgen.api.binding import CompiledNetwork
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
    network.run(1 * ms, report=lambda *values: seen.append(values), report_period=1e-9 * second)
    assert float(seen[0][1]) == 0.0
    assert float(seen[-1][1]) == 1.0
    assert seen[-1][3] == 1 * ms
    network.run(1 * ms, report="stderr")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Starting simulation at t=0.001 s")


def test_the_time_of_a_report_is_that_of_running(device, monkeypatch):
    """The compiler's time is put in by hand: no test depends on how long something took."""
    built = CompiledNetwork._segment

    def slow(self, start, stop):
        new = (start, stop) not in self._executables
        executable = built(self, start, stop)
        if new:
            now[0] += 1000.0
            self.build_seconds += 1000.0
        return executable

    now = [0.0]
    monkeypatch.setattr(CompiledNetwork, "_segment", slow)
    monkeypatch.setattr("simgen.api.progress.time.perf_counter", lambda: now[0])
    group = NeuronGroup(2, "dv/dt = rate : 1\nrate : Hz", method="exact")
    seen, early = [], [True]

    def report(elapsed, completed, start, duration):
        seen.append((elapsed / second, completed, group.t / ms))
        group.rate = 1000 * Hz  # counts at once, as what an operation writes
        if early:
            early.clear()
            network.stop()

    network = Network(group, NetworkOperation(lambda: None, dt=0.5 * ms))
    network.run(1 * ms, report=report, report_period=1e-9 * ms)
    assert seen == [(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)]  # stopped before the first step
    assert network.t == 0 * ms
    seen.clear()
    network.run(1 * ms, report=report, report_period=1 * second)
    assert max(elapsed for elapsed, _, _ in seen) < 100
    assert [completed for _, completed, _ in seen] == [0.0, 1.0]
    assert group.v[0] == pytest.approx(1.0)


def test_a_run_that_was_stopped_reports_how_far_it_came(device):
    seen = []
    network = Network(NeuronGroup(2, "v : 1"))

    def report(elapsed, completed, start, duration):
        seen.append(completed)
        if len(seen) == 2:
            stop()

    network.add(NetworkOperation(lambda: None, dt=0.5 * ms))
    network.run(1 * ms, report=report, report_period=1e-9 * ms)
    assert seen == pytest.approx([0.0, 0.1, 0.1])
    network.run(0 * ms, report=report)
    assert seen[3:] == [0.0, 1.0]
