"""What ``connect`` returns: the indices of the new synapses, which go into brackets."""

import pytest

from simgen import Network, NetworkOperation, NeuronGroup, Synapses, ms
from simgen.errors import IndexRangeError


def test_connect_returns_the_indices_of_what_is_new(device):
    group = NeuronGroup(4, "v : 1", threshold="False", reset="")
    synapses = Synapses(group, group, "w : 1", on_pre="v += w")
    found = [
        synapses.connect(i=[3, 0], j=[1, 2]),
        synapses.connect(j="i"),
        synapses.connect("i > 7"),
        synapses.connect(j="k for k in range(i)"),
        synapses.connect(p=1.0, n=2),
    ]
    assert found == [range(2), range(2, 6), range(6, 6), range(6, 12), range(12, 44)]
    for number, new in enumerate(found):
        synapses.w[new] = number + 1
        synapses.delay[new] = number * 0.1 * ms
    assert synapses.w[:].tolist() == [1] * 2 + [2] * 4 + [4] * 6 + [5] * 32
    assert synapses.i[found[0]].tolist() == [3, 0]
    assert synapses.j[found[1]].tolist() == [0, 1, 2, 3]
    later = []
    joining = NetworkOperation(lambda: later.append(synapses.connect(i=1, j=2)), when="start")
    Network(group, synapses, joining).run(0.2 * ms)
    assert later == [range(44, 45), range(45, 46)]
    assert synapses.w[range(43, 46)].tolist() == [5, 0, 0]
    assert group.v[range(0, 4, 2)].shape == (2,)
    with pytest.raises(IndexRangeError):
        synapses.w[range(40, 50)]
