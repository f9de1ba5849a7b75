"""Lists of quantities given to matplotlib itself, not to the star import's functions."""

import pytest

from simgen.errors import ArgumentTypeError, DimensionMismatchError
from simgen.units import ms, mV, register_with_matplotlib


@pytest.fixture
def axes():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    register_with_matplotlib()
    return Figure().subplots()


def test_a_list_that_matplotlib_makes_an_array_of_is_refused_with_what_to_write(axes):
    for values in (([1 * mV, 2 * mV],), ([1, 2], [1 * mV, 2 * mV]), ((1 * mV, 2 * ms),)):
        with pytest.raises(ArgumentTypeError, match=r"plot\(\[1, 2\]\*mvolt\)"):
            axes.plot(*values)
    (line,) = axes.plot([1, 2] * mV)
    assert line.get_ydata(orig=False).tolist() == [0.001, 0.002]
    with pytest.raises(DimensionMismatchError, match="float"):
        float(1 * mV)


def test_lists_that_matplotlib_keeps_are_drawn(axes):
    drawn = axes.scatter([1 * ms, 2 * ms], [1 * mV, 2 * mV])
    assert drawn.get_offsets().tolist() == [[0.001, 0.001], [0.002, 0.002]]
    heights = [bar.get_height() for bar in axes.bar([1, 2] * ms, [1 * mV, 2 * mV])]
    assert heights == [0.001, 0.002]
