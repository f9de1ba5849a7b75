import numpy as np
import pytest

from simgen.connect import delays
from simgen.connect.delays import delay_steps_to_classes
from simgen.errors import ArgumentTypeError, ModelError


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int16, np.uint32, np.int32])
def test_classes_number_the_distinct_delays(dtype):
    steps = np.array([15, 3, 3, 100, 15, 0], dtype=dtype)
    distinct, classes = delay_steps_to_classes(steps)
    assert distinct.tolist() == [0, 3, 15, 100]
    assert classes.tolist() == [2, 1, 1, 3, 2, 0]
    assert (distinct.dtype, classes.dtype) == (np.uint32, np.uint8)


@pytest.mark.parametrize(("n", "dtype"), [(256, np.uint8), (257, np.uint16), (65537, np.uint32)])
def test_the_smallest_type_is_used(n, dtype):
    steps = np.arange(n)[::-1] + 7
    distinct, classes = delay_steps_to_classes(steps)
    assert classes.dtype == dtype
    assert np.array_equal(distinct[classes], steps)


@pytest.mark.parametrize("limits", [(2**24, 2**20), (10, 2**20), (2**24, 100)])
def test_the_table_and_the_sort_agree_with_unique(limits, monkeypatch):
    monkeypatch.setattr(delays, "_TABLE_LIMIT", limits[0])
    monkeypatch.setattr(delays, "_CHUNK", limits[1])
    steps = np.random.default_rng(4).integers(1, 5000, 3000)
    distinct, classes = delay_steps_to_classes(steps)
    wanted, inverse = np.unique(steps, return_inverse=True)
    assert np.array_equal(distinct, wanted)
    assert np.array_equal(classes, inverse)


def test_delays_far_apart_need_no_table():
    distinct, classes = delay_steps_to_classes(np.array([2**31 - 1, 0, 5]))
    assert distinct.tolist() == [0, 5, 2**31 - 1]
    assert classes.tolist() == [2, 0, 1]


def test_no_synapses_give_no_classes():
    distinct, classes = delay_steps_to_classes(np.zeros(0, dtype=np.int64))
    assert len(distinct) == len(classes) == 0


def test_impossible_delays_are_refused():
    with pytest.raises(ModelError, match="delay of synapse 1 is -2 steps"):
        delay_steps_to_classes(np.array([3, -2]))
    with pytest.raises(ModelError, match="delay of synapse 0 is 2,147,483,648 steps"):
        delay_steps_to_classes(np.array([2**31, 1]))
    with pytest.raises(ArgumentTypeError, match="float64"):
        delay_steps_to_classes(np.array([1.0]))
