"""What keeps objects from running as one: a table, one row for each condition."""

from __future__ import annotations

import pytest
from wiring import begin

from simgen import (
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonInput,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)

pytestmark = pytest.mark.compiler


@pytest.fixture(
    params=[
        pytest.param(("cpu", {}), id="cpu"),
        pytest.param(("cuda", {"emulate": True}), id="cuda"),
    ],
    autouse=True,
)
def target(request):
    """Run the test on the processor and on an emulated GPU."""
    name, options = request.param
    set_device(name, **options)
    begin()
    yield
    set_device("auto", dtype="float64")


class Case:
    """Two groups in two parts each, and four objects a0 ... a3 from the first to the second."""

    def __init__(self, code="x += w", model="w : 1", changed=None, **keywords):
        equations = "x : 1\ny : 1\nz : 1\nindex = i*1.0 : 1\ncount = N*1.0 : 1"
        events = {"threshold": "z > 1", "reset": "z = 0", "events": {"other": "z > 2"}}
        self.source = NeuronGroup(6, equations, **events, name="source")
        self.target = NeuronGroup(6, equations, **events, name="target")
        self.model, self.code, self.keywords = model, code, keywords
        self.objects = []
        for number in range(4):
            changes = changed if changed and number == 2 else {}
            self.objects.append(self.link(number, f"a{number}", **changes))
        self.network = Network(self.source, self.target, self.objects)

    def link(self, number, name, source=None, target=None, model=None, on_pre=None, **changes):
        source, target = source or self.source, target or self.target
        source = source[:3] if number // 2 == 0 else source[3:]
        target = target[:3] if number % 2 == 0 else target[3:]
        code = self.code if on_pre is None else on_pre
        keywords = {**self.keywords, **changes}
        made = Synapses(source, target, model or self.model, on_pre=code, name=name, **keywords)
        made.connect()
        return made

    def add(self, *objects):
        self.network.add(*objects)
        return self

    def merged(self):
        """Return the names of the members of each merge."""
        merges = self.network._prepared({}).merges.merges  # nothing needs to be compiled
        return [sorted(member.name for member in merge.members()) for merge in merges]


ALL = [["a0", "a1", "a2", "a3"]]
BUT_A2 = [["a0", "a1", "a3"]]


def beside(name, code, model="w : 1", own="x += w", **keywords):
    """Return a case with another object, of other code, from target to target."""

    def make():
        case = Case(own)
        other = Synapses(case.target, case.target, model, on_pre=code, name=name, **keywords)
        other.connect()
        return case.add(other)

    return make


def with_monitor(name, **place):
    def make():
        case = Case()
        return case.add(StateMonitor(case.target, "x", record=[0], name=name, **place))

    return make


def with_operation(name, order):
    def make():
        operation = NetworkOperation(lambda: None, when="synapses", order=order, name=name)
        return Case().add(operation)

    return make


def with_input(name, order):
    def make():
        case = Case()
        return case.add(PoissonInput(case.target, "x", 1, 1 * Hz, 1, order=order, name=name))

    return make


def watched():
    case = Case()
    return case.add(StateMonitor(case.objects[2], "w", record=[0]))


def regular():
    case = Case()
    case.objects[2].run_regularly("w += 1")
    return case


def from_other_group():
    other = NeuronGroup(6, "x : 1\nz : 1", threshold="z > 1", name="other")
    return Case(changed={"source": other}).add(other)


def to_other_group():
    other = NeuronGroup(6, "x : 1\nz : 1", name="other")
    return Case(changed={"target": other}).add(other)


def overlapping():
    case = Case()
    other = Synapses(case.source[2:4], case.target[5:], "w : 1", on_pre="x += w", name="a4")
    other.connect()
    return case.add(other)


def twice():
    case = Case()
    return case.add([case.link(number, f"b{number}") for number in range(4)])


def another_order():
    case = Case()
    case.objects[2].pre.order = 3
    return case


def inactive():
    case = Case()
    case.objects[2].active = False
    return case


def summing():
    case = Case("x += w", "w : 1\ny_post = w : 1 (summed)")
    case.network.remove(case.objects[2:])
    return case


def only_one():
    case = Case()
    case.network.remove(case.objects[1:])
    return case


def at(target, **options):
    def make():
        set_device(target, **options)
        return Case()

    return make


def code(text, model="w : 1", **keywords):
    return lambda: Case(text, model, **keywords)


EVENT_DRIVEN = "w : 1\ndu/dt = -u/ms : 1 (event-driven)"
CASES = {
    "nothing": (Case, ALL),
    # of the device
    "no optimisation": (at("cpu", optimize=0), []),
    "the interpreter": (at("reference"), []),
    # of the code: what is relative to parts of groups
    "i": (code("x += w*i"), []),
    "j": (code("x += w*j"), []),
    "N": (code("x += w*N"), []),
    "N_pre": (code("x += w*N_pre"), []),
    "N_post": (code("x += w*N_post"), []),
    "N_incoming": (code("x += w*N_incoming"), []),
    "N_outgoing": (code("x += w*N_outgoing"), []),
    "i in a subexpression": (code("x += k", "w : 1\nk = w*i : 1"), []),
    "j in a group's subexpression": (code("x += w*index_post"), []),
    "N in a group's subexpression": (code("x += w*count_pre"), []),
    "a subexpression": (code("x += k", "w : 1\nk = w*2 : 1"), ALL),
    # of the code: what depends on the order of synapses
    "random numbers": (code("x += w*rand()"), []),
    "set post": (code("x = w"), []),
    "multiply post": (code("x *= w"), []),
    "divide post": (code("x /= 1 + w"), []),
    "add to pre": (code("x_pre += w"), []),
    "read what is added to": (code("x += w*x"), []),
    "read another variable": (code("x += w*y"), ALL),
    "read pre": (code("x += w*x_pre"), ALL),
    "write own": (code("w = 2*w*x_pre; x -= w"), ALL),
    # of the model
    "event-driven": (code("x += w*u", EVENT_DRIVEN), []),
    "clock-driven": (code("x += w", "dw/dt = -w/ms : 1 (clock-driven)"), []),
    "shared variable": (code("x += w", "w : 1 (shared)"), []),
    "constant variable": (code("x += w", "w : 1 (constant)"), ALL),
    "summed variable": (summing, []),
    "constant over dt": (code("x += k", "w : 1\nk = w*y_post : 1 (constant over dt)"), []),
    "multisynaptic index": (lambda: Case(multisynaptic_index="k"), []),
    "without flags": (code("x += w", "dw/dt = -w/ms : 1"), []),
    "only on_post": (code({}, on_post="x += w"), []),
    "on_post": (lambda: Case(on_post="x += w"), []),
    "two pathways": (code({"a": "x += w", "b": "y += w"}), []),
    # of one member
    "other code": (lambda: Case(changed={"on_pre": "x += 2*w"}), BUT_A2),
    "other equations": (lambda: Case(changed={"model": "w : 1\nb : 1"}), BUT_A2),
    "other pathway": (lambda: Case(changed={"on_pre": {"other": "x += w"}}), BUT_A2),
    "other event": (lambda: Case(changed={"on_event": "other"}), BUT_A2),
    "other clock": (lambda: Case(changed={"dt": 0.3 * ms}), BUT_A2),
    "other order": (another_order, BUT_A2),
    "other source": (from_other_group, BUT_A2),
    "other target": (to_other_group, BUT_A2),
    "watched": (watched, BUT_A2),
    "run_regularly": (regular, BUT_A2),
    "inactive": (inactive, BUT_A2),
    "alone": (only_one, []),
    "overlapping": (overlapping, ALL),
    "two of each": (twice, [ALL[0], ["b0", "b1", "b2", "b3"]]),
    # of what runs between the members
    "nothing but sums between": (beside("a1b", "x += w*y"), ALL),
    "a reader between": (beside("a1b", "y += x"), []),
    "a pre reader between": (beside("a1b", "y += x_pre"), []),
    "an event-driven reader between": (
        beside("a1b", "y += u", "du/dt = x_post/ms : 1 (event-driven)"),
        [],
    ),
    "a sum of what is read between": (beside("a1b", "y += w", own="x += w*y"), []),
    "a setter of what is read between": (beside("a1b", "y = w", own="x += w*y"), []),
    "a setter between": (beside("a1b", "x = w"), []),
    "a factor between": (beside("a1b", "x *= w"), []),
    "a reader before": (beside("a", "y += x"), ALL),
    "a reader after": (beside("a3b", "y += x"), ALL),
    "a reader on_post between": (beside("a1b", "", on_post={"late": "y += x"}), ALL),
    "a monitor between": (with_monitor("a1b", when="synapses", order=-1), []),
    "a monitor of another order": (with_monitor("a1b", when="synapses", order=0), ALL),
    "a monitor of another slot": (with_monitor("a1b", when="end", order=-1), ALL),
    "Python between": (with_operation("a1b", -1), []),
    "Python after": (with_operation("a1b", 0), ALL),
    "an input between": (with_input("a1b", -1), []),
    "an input after": (with_input("a1b", 0), ALL),
}


@pytest.mark.parametrize("name", CASES)
def test_what_merges(name):
    make, expected = CASES[name]
    assert make().merged() == expected


def test_what_is_read_and_added_to_may_not_be_the_same_variable():
    group = NeuronGroup(4, "x : 1\nz : 1", threshold="z > 1")
    made = [Synapses(group[k : k + 2], group, "w : 1", on_pre="x_post += w*x_pre") for k in (0, 2)]
    for synapses in made:
        synapses.connect()
    network = Network(group, made)
    network.run(0 * ms)
    assert network._compiled.merges.merges == []


def test_namespaces_must_be_alike_at_every_run():
    group = NeuronGroup(4, "x : 1\nz = 2 : 1", threshold="z > 1", name="cells")
    made = [
        Synapses(part, part, on_pre="x_post += c", namespace={"c": 1.0})
        for part in (group[:2], group[2:])
    ]
    for synapses in made:
        synapses.connect(j="i")
    network = Network(group, made)
    network.run(0.1 * ms)
    assert len(network._compiled.merges.merges) == 1
    assert group.x[:].tolist() == [1, 1, 1, 1]
    made[1].namespace["c"] = 3.0
    network.run(0.1 * ms)
    assert network._compiled.merges.merges == []
    assert group.x[:].tolist() == [2, 2, 4, 4]


def test_what_is_wrong_is_still_reported():
    case = Case("x += w*missing")
    with pytest.raises(Exception, match="missing"):
        case.merged()


def test_who_was_never_connected_is_named():
    case = Case()
    case.network.remove(case.objects[3])
    lonely = Synapses(case.source[3:], case.target[3:], "w : 1", on_pre="x += w", name="a4")
    with pytest.raises(Exception, match="Synapses 'a4' has no synapses"):
        case.add(lonely).merged()
