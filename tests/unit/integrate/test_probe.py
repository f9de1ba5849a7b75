"""What is taken for linear before the symbolic library is asked."""

import pytest

from simgen.dtypes import DType
from simgen.integrate.probe import looks_linear
from simgen.ir.construct import binary, call, power, real
from simgen.ir.expr import ELEMENT, Array, Load

V = Load(Array("v", DType.REAL, "n_g"), ELEMENT)


def sigmoid(unit):
    """1/(1 + exp(-v/unit)), which is flat where v is many units."""
    bend = call("exp", binary("/", V, real(-unit)))
    return binary("/", real(1.0), binary("+", real(1.0), bend))


@pytest.mark.parametrize("unit", [18e-3, 1.0, 2e-6, 5e-10, 1e-12])
def test_a_bend_is_seen_at_the_scale_of_its_unit(unit):
    assert not looks_linear(binary("*", sigmoid(unit), V), [V])


@pytest.mark.parametrize("size", [1e-3, 1.0, 40.0])
def test_what_cancels_is_linear_at_every_scale(size):
    difference = binary("-", power(binary("+", V, real(size)), real(2)), power(V, real(2)))
    assert looks_linear(difference, [V])
