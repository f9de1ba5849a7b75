"""Connection rules: which pairs, in which order, how often; and what follows the synapses."""

import numpy as np
import pytest

from simgen import (
    EquationError,
    ModelError,
    Network,
    NeuronGroup,
    SimgenError,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    seed,
    start_scope,
)
from simgen.api import compiled_text


@pytest.fixture
def groups():
    """Return a source of five and a target of four neurons."""
    start_scope()
    source = NeuronGroup(5, "x : 1\ny : 1")
    target = NeuronGroup(4, "x : 1\nz : 1")
    source.x, source.y = "i*1.5", "i % 2"
    target.x, target.z = "10 - i", "i"
    return source, target


def pairs(synapses):
    return list(zip(synapses.i[:].tolist(), synapses.j[:].tolist()))


def each(test, n_source=5, n_target=4):
    """Return the pairs that pass a test, sources in the outer loop."""
    return [(i, j) for i in range(n_source) for j in range(n_target) if test(i, j)]


RULES = [
    ({}, each(lambda i, j: True)),
    ({"condition": "i == j"}, each(lambda i, j: i == j)),
    ({"condition": "i != j"}, each(lambda i, j: i != j)),
    ({"condition": "x_pre > x_post - 7"}, each(lambda i, j: 1.5 * i > 3 - j)),
    ({"condition": "y_pre == 1 and z_post > 1"}, each(lambda i, j: i % 2 == 1 and j > 1)),
    ({"condition": True, "p": 1}, each(lambda i, j: True)),
    ({"condition": "i != j", "p": 0}, []),
    ({"condition": "i != j", "p": "int(j > 1)"}, each(lambda i, j: i != j and j > 1)),
    ({"condition": False}, []),
    ({"j": "i", "skip_if_invalid": True}, [(k, k) for k in range(4)]),
    ({"i": "j"}, [(k, k) for k in range(4)]),
    ({"j": "i - 1", "skip_if_invalid": True}, [(k, k - 1) for k in range(1, 5)]),
    ({"i": [0, 1, 4], "j": [3, 3, 0]}, [(0, 3), (1, 3), (4, 0)]),
    ({"i": 2, "j": [1, 2]}, [(2, 1), (2, 2)]),
    (
        {"j": "k for k in range(i - 1, i + 2) if k != i", "skip_if_invalid": True},
        [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (4, 3)],
    ),
    ({"j": "k for k in range(0, N_post, 2)"}, each(lambda i, j: j % 2 == 0)),
    (
        {"j": "(i + k) % N_post for k in range(2)"},
        [(i, (i + k) % 4) for i in range(5) for k in (0, 1)],
    ),
    ({"j": "3 - k for k in range(2)"}, [(i, 3 - k) for i in range(5) for k in (0, 1)]),
    (
        {"i": "k for k in range(j, N_pre)"},
        [(i, j) for j in range(4) for i in range(j, 5)],  # targets in the outer loop
    ),
    ({"condition": "i < 2", "n": 2}, [pair for pair in each(lambda i, j: i < 2) for _ in (0, 1)]),
    (
        {"j": "i", "n": "i + 1", "skip_if_invalid": True},
        [(i, i) for i in range(4) for _ in range(i + 1)],
    ),
    ({"j": "k for k in sample(N_post, p=1.0)"}, each(lambda i, j: True)),
    ({"j": "k for k in sample(1, N_post, size=3)"}, each(lambda i, j: j > 0)),
    # conditions about what the generator makes
    ({"j": "k for k in range(N_post) if abs(i - j) <= 1"}, each(lambda i, j: abs(i - j) <= 1)),
    ({"j": "k for k in range(i, i + 9) if j < 2"}, each(lambda i, j: i <= j < 2)),
    ({"j": "3 - k for k in range(2) if j == 2"}, each(lambda i, j: j == 2)),
    ({"i": "k for k in range(5) if x_pre > 4"}, [(i, j) for j in range(4) for i in (3, 4)]),
    (
        {"j": "k for k in range(i - 1, i + 2) if z_post > 1", "skip_if_invalid": True},
        each(lambda i, j: abs(i - j) <= 1 and j > 1),
    ),
]


@pytest.mark.parametrize(("rule", "expected"), RULES, ids=[str(rule) for rule, _ in RULES])
def test_rules(groups, rule, expected):
    synapses = Synapses(*groups)
    synapses.connect(**rule)
    assert pairs(synapses) == expected
    assert len(synapses) == len(expected)


PARTS = [
    ({}, each(lambda i, j: True, 3, 2)),
    ({"condition": "i == j"}, [(0, 0), (1, 1)]),
    ({"condition": "x_pre < 4 and z_post == 3"}, [(0, 1), (1, 1)]),
    ({"j": "i", "skip_if_invalid": True}, [(0, 0), (1, 1)]),
    ({"i": [0, 2], "j": [1, 0]}, [(0, 1), (2, 0)]),
    ({"j": "k for k in range(N_post) if k < i"}, [(1, 0), (2, 0), (2, 1)]),
]


@pytest.mark.parametrize(("rule", "expected"), PARTS, ids=[str(rule) for rule, _ in PARTS])
def test_rules_count_from_the_first_element_of_a_subgroup(groups, rule, expected):
    source, target = groups
    synapses = Synapses(source[1:4], target[2:], "w : 1")
    synapses.connect(**rule)
    assert pairs(synapses) == expected
    synapses.w = "x_pre*100 + z_post"
    assert synapses.w[:].tolist() == [(i + 1) * 150 + j + 2 for i, j in expected]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"j": "i + 1"}, "outside"),
        ({"i": [5], "j": [0]}, "outside"),
        ({"i": [-1], "j": [0]}, "outside"),
        ({"i": [0, 1], "j": [0, 1, 2]}, "equally many"),
        ({"p": 1.5}, "probability"),
        ({"p": "0.0*sqrt(-i)"}, "p of connect.* is nan for i = 1, j = 0, which is no number"),
        ({"j": "k for k in sample(N_post, p=2.0*i)"}, r"p of sample\(\) .* is 2.0 for i = 1"),
        ({"condition": "i == j", "i": [0], "j": [0]}, "one rule"),
        ({"condition": "i + j"}, "true or false"),
        ({"condition": "x_pre > unknown"}, "not known"),
        ({"n": -1}, "negative"),
        ({"i": [0]}, "missing"),
        ({"j": "k for k in sample(N_post, size=9)"}, "cannot draw"),
        ({"j": "i*0.5"}, "integer"),
        ({"j": "z_post"}, "target"),
        ({"j": "k for k in range(9) if z_post > 1"}, "j = 4 in connect.* is outside the group"),
        ({"j": "k*0.5 for k in range(2) if j > 1"}, "integer"),
    ],
)
def test_rules_that_make_no_sense(groups, rule, message):
    synapses = Synapses(*groups)
    with pytest.raises((SimgenError, EquationError, ModelError), match=message):
        synapses.connect(**rule)
    assert len(synapses) == 0


def test_random_rules_have_their_statistics(groups):
    seed(3)
    source, target = NeuronGroup(300, "v : 1"), NeuronGroup(200, "v : 1")
    chance = Synapses(source, target)
    chance.connect(p=0.1)
    assert len(chance) == pytest.approx(6000, abs=5 * np.sqrt(5400))
    filtered = Synapses(source, source)
    filtered.connect("i != j", p=0.3)
    assert len(filtered) == pytest.approx(26910, abs=5 * np.sqrt(26910 * 0.7))
    assert not np.any(filtered.i[:] == filtered.j[:])
    graded = Synapses(source, target)
    graded.connect("i > 149", p="j/200.0")
    counts = np.bincount(graded.j[:], minlength=200)
    assert counts[0] == 0
    assert counts[150:].mean() == pytest.approx(150 * 0.8725, abs=5 * np.sqrt(150 * 0.111 / 50))
    assert graded.i[:].min() >= 150
    picked = Synapses(source, target)
    picked.connect(j="k for k in sample(N_post, size=20)")
    assert np.all(np.bincount(picked.i[:]) == 20)
    assert len(set(pairs(picked))) == 6000
    again = Synapses(source, target)
    again.connect(p=0.1)
    assert pairs(again) != pairs(chance)


def test_samples_may_have_other_bounds_in_every_row():
    """Ranges, steps, sizes and probabilities that depend on the row; some rows have none."""
    source, target = NeuronGroup(3000, "v : 1"), NeuronGroup(400, "v : 1")
    sized = Synapses(source, target)
    sized.connect(j="k for k in sample(i % 7, i % 7 + 4*(i % 30), 1 + i % 2, size=i % 15)")
    i, j = np.array(sized.i[:]), np.array(sized.j[:])
    row = np.arange(3000)
    assert np.array_equal(np.bincount(i, minlength=3000), row % 15)
    assert np.all((j >= i % 7) & (j < i % 7 + 4 * (i % 30)))
    assert np.all((j - i % 7) % (1 + i % 2) == 0)
    assert len(set(pairs(sized))) == len(sized)
    chance = Synapses(source, target)
    chance.connect(j="k for k in sample(i % 100, N_post, p=0.1*(i % 3))")
    expected = (400 - row % 100) * 0.1 * (row % 3)
    counts = np.bincount(chance.i[:], minlength=3000)
    assert np.all(counts[row % 3 == 0] == 0)
    spread = np.sqrt((expected * (1 - 0.1 * (row % 3))).sum())
    assert counts.sum() == pytest.approx(expected.sum(), abs=5 * spread)
    reverse = Synapses(source, target)
    reverse.connect(i="k for k in sample(7*j, N_pre, size=5, replace=True) if k % 2 == 0")
    assert np.all(np.array(reverse.i[:]) >= 7 * np.array(reverse.j[:]))
    assert len(reverse) == pytest.approx(1000, abs=5 * np.sqrt(500))


def test_synapses_keep_their_values_when_more_are_added(groups):
    synapses = Synapses(*groups, "w : 1")
    synapses.connect(i=[3, 1], j=[0, 2])
    synapses.w = [5, 6]
    synapses.connect("i == j")
    synapses.w[2:] = "i*10 + j"
    synapses.connect(i=0, j=[3, 0])
    assert pairs(synapses) == [(3, 0), (1, 2), (0, 0), (1, 1), (2, 2), (3, 3), (0, 3), (0, 0)]
    assert synapses.w[:].tolist() == [5, 6, 0, 11, 22, 33, 0, 0]
    assert synapses.w[0, :].tolist() == [0, 0, 0]
    assert synapses.w[:, 0].tolist() == [5, 0, 0]
    assert synapses.w[1, 2].tolist() == [6]
    assert synapses.w["i > j"].tolist() == [5]
    assert synapses.w[[1, 3], :].tolist() == [5, 6, 11, 33]
    assert synapses.i["j == 0"].tolist() == [3, 0, 0]
    assert synapses.N_incoming[:].tolist() == [3, 2, 3, 1, 2, 2, 2, 3]
    assert synapses.N_incoming_post[:].tolist() == [3, 1, 2, 2]
    assert synapses.N_outgoing[:].tolist() == [2, 2, 3, 2, 1, 2, 3, 3]
    assert synapses.N_outgoing_pre[:].tolist() == [3, 2, 1, 2, 0]
    synapses.w = "100*N_incoming + 10*N_outgoing + N_pre - N_post"
    assert synapses.w[:3].tolist() == [321, 221, 331]


def test_parallel_synapses_are_numbered(groups):
    synapses = Synapses(*groups, "w : 1", multisynaptic_index="k")
    synapses.connect("i == j and i < 3", n="i + 1")
    synapses.w = "k*10 + i"
    assert synapses.k[:].tolist() == [0, 0, 1, 0, 1, 2]
    assert synapses.w[2, 2, :].tolist() == [2, 12, 22]
    assert synapses.w[1, 1, 1].tolist() == [11]
    synapses.connect(i=1, j=1)
    assert synapses.k[1, 1].tolist() == [0, 1, 2]


@pytest.mark.usefixtures("device")
def test_values_follow_their_synapses_into_and_out_of_a_run():
    """Storage is sorted by delay and target; the user's order stays that of creation."""
    source = SpikeGeneratorGroup(150, np.arange(150), np.full(150, 0.1) * ms)
    target = NeuronGroup(200, "v : 1")
    synapses = Synapses(source, target, "w : 1\nn : integer", on_pre="v += w; n += 1")
    i, j = (np.arange(600) * 89) % 150, (np.arange(600) * 37) % 200
    synapses.connect(i=i, j=j)
    synapses.w = np.arange(600)
    synapses.delay = (np.arange(600) % 5) * 0.1 * ms
    net = Network(source, target, synapses)
    net.run(1 * ms)
    expected = np.bincount(j, weights=np.arange(600), minlength=200)
    np.testing.assert_array_equal(target.v[:], expected)
    np.testing.assert_array_equal(synapses.i[:], i)
    np.testing.assert_array_equal(synapses.j[:], j)
    np.testing.assert_array_equal(synapses.w[:], np.arange(600))
    np.testing.assert_allclose(synapses.delay[:] / ms, (np.arange(600) % 5) * 0.1)
    assert (synapses.n[:] == 1).all()
    synapses.connect(i=3, j=[4, 5])  # sorts everything anew
    i, j = np.append(i, [3, 3]), np.append(j, [4, 5])
    synapses.w[600:] = [600, 601]
    synapses.delay[600:] = [0, 0.1] * ms
    synapses.n[600:] = 1
    source.set_spikes(np.arange(150), np.full(150, 1.2) * ms)
    net.run(1 * ms)
    np.testing.assert_array_equal(synapses.w[:], np.arange(602))
    np.testing.assert_array_equal(
        target.v[:], expected + np.bincount(j, weights=np.arange(602), minlength=200)
    )
    assert (synapses.n[:] == 2).all()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("i+1 if i<3", [(0, 1), (1, 2), (2, 3)]),
        ("  i if v_pre > 1 ", [(2, 2), (3, 3)]),
        ("i for _ in range(2) if i==1", [(1, 1), (1, 1)]),
    ],
)
def test_a_condition_needs_no_loop_and_a_loop_no_name(device, text, pairs):
    group = NeuronGroup(4, "v : 1")
    group.v = "i"
    synapses = Synapses(group, group)
    synapses.connect(j=text)
    assert list(zip(synapses.i[:].tolist(), synapses.j[:].tolist())) == pairs


def test_a_total_of_different_pairs_counts_within_subgroups(device):
    source = NeuronGroup(30, "v : 1", threshold="True")
    target = NeuronGroup(25, "v : 1")
    synapses = Synapses(source[5:25], target[3:21], on_pre="v_post += 1")
    synapses.connect(n_total=250, multapses=False, autapses=False)
    made = pairs(synapses)
    assert len(set(made)) == len(made) == 250
    assert not any(i == j for i, j in made)
    assert made == sorted(made)
    assert {i for i, _ in made} == set(range(20))
    assert {j for _, j in made} == set(range(18))
    synapses.connect(n_total=20 * 18 - 18, multapses=False, autapses=False)
    synapses.connect(n_total=500, autapses=False)
    made = pairs(synapses)
    assert len(made) == 250 + 342 + 500
    assert set(made) == set(each(lambda i, j: i != j, 20, 18))
    Network(source, target, synapses).run(0.2 * ms)
    reached = np.bincount([j + 3 for _, j in made], minlength=25)
    assert target.v[:].tolist() == (2 * reached).tolist()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, each(lambda i, j: i != j)),
        ({"condition": "i >= j"}, each(lambda i, j: i > j)),
        ({"condition": "i != j", "n": 2}, [p for p in each(lambda i, j: i != j) for _ in "ab"]),
        ({"p": "int(i > 0)"}, each(lambda i, j: i not in (0, j))),
        ({"j": "k for k in range(2) if k != i"}, each(lambda i, j: i != j and j < 2)),
    ],
)
def test_no_pair_of_equal_numbers_without_autapses(groups, arguments, expected):
    synapses = Synapses(*groups)
    synapses.connect(**arguments, autapses=False)
    assert pairs(synapses) == expected


def test_random_pairs_without_autapses(groups):
    synapses = Synapses(*groups)
    synapses.connect(p=0.99, autapses=False)
    found = pairs(synapses)
    assert len(found) > 10
    assert all(i != j for i, j in found)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"n": 2, "multapses": False}, r"connect\(n=2, multapses=False\) of Synapses"),
        ({"n": "i", "multapses": False}, r"connect\(n='i', multapses=False\)"),
        ({"i": [0, 2, 2], "j": [1, 3, 3], "multapses": False}, "i = 2, j = 3 more than once"),
        ({"j": "k // 2 for k in range(4)", "multapses": False}, "i = 0, j = 0 more than once"),
        ({"i": [0, 2], "j": [1, 2], "autapses": False}, "the pair i = j = 2 "),
        ({"j": "i", "skip_if_invalid": True, "autapses": False}, "i = j = 0 .4 such pairs"),
        (
            {"condition": "w > 1"},
            "'w' of Synapses 'synapses' has no value before synapses are made",
        ),
        ({"p": "w"}, "'w' of Synapses 'synapses' has no value before"),
        ({"j": "k for k in range(2) if u > 1"}, "'w' of Synapses 'synapses' has no value before"),
    ],
)
def test_pairs_that_cannot_be_made(groups, arguments, shown):
    synapses = Synapses(*groups, "w : 1\nu = 2*w : 1")
    with pytest.raises(SimgenError, match=shown):
        synapses.connect(**arguments)
    assert len(synapses) == 0


def test_equal_numbers_are_not_looked_for_among_all_pairs(groups):
    many = NeuronGroup(2_000_000, "v : 1")  # 4e12 pairs would take a quarter of an hour
    synapses = Synapses(many, many)
    synapses.connect("j == i")
    assert np.array_equal(synapses.i[:], np.arange(2_000_000))
    synapses = Synapses(*groups)
    synapses.connect("i == j")
    assert pairs(synapses) == each(lambda i, j: i == j)
    synapses.connect("i == j", n=2)
    assert len(synapses) == 12


def test_a_look_at_very_many_pairs_is_announced(groups, monkeypatch, caplog):
    monkeypatch.setattr("simgen.api.connecting.MANY_PAIRS", 19)
    Synapses(*groups).connect("i == j + 1")
    assert "connect() of Synapses 'synapses' looks at 20 pairs, which takes long" in caplog.text


def test_several_synapses_of_pairs_that_are_drawn(device, monkeypatch):
    group = NeuronGroup(40, "v : 1")
    for worth in (10**6, 0):  # as few pairs, and as many
        monkeypatch.setattr(compiled_text, "WORTH_COMPILING", worth)
        for given in ({}, {"condition": "i != j"}, {"condition": "i < 30 and j > 2"}):
            for n in (1, 3, "1 + (i + j)%3"):
                seed(3)
                plain = Synapses(group, group)
                plain.connect(**given, p=0.2)
                seed(3)
                several = Synapses(group, group)
                several.connect(**given, p=0.2, n=n)
                i, j = plain.i[:], plain.j[:]
                times = np.full(i.size, n) if isinstance(n, int) else 1 + (i + j) % 3
                assert 0 < i.size < 500
                np.testing.assert_array_equal(several.i[:], np.repeat(i, times))
                np.testing.assert_array_equal(several.j[:], np.repeat(j, times))
        every = Synapses(group, group)
        every.connect(n=2)
        np.testing.assert_array_equal(every.i[:], np.repeat(np.arange(40), 80))
