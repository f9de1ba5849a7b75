"""Equations that are wrong in part: the others, and the code of the object, are checked, too."""

import pytest

from simgen import EquationError, ModelError, NeuronGroup, SimgenError, Synapses


def messages(make):
    with pytest.raises(SimgenError) as refused:
        make()
    return [problem.message for problem in refused.value.problems]


def test_flags_units_names_and_code_come_together():
    model = "dv/dt = (ge - v)/tau : volt\ndge/dt = -ge : volt\nx : 1 (constnat)"
    found = messages(lambda: NeuronGroup(2, model, threshold="v > 1", reset="u += 1"))
    assert len(found) == 4
    assert found[0] == "There is no flag 'constnat'."
    assert "dge/dt must be a voltage per time" in found[1]
    assert "'v' is a voltage (V), but '1' has no dimension" in found[2]
    assert "no variable 'u'" in found[3]


def test_what_a_definition_that_cannot_be_read_would_have_defined_is_not_missed():
    model = "dv/dt = -v/ms +* 2 : 1\nw = 2*v : volt\ny : second\nz = y + 1*mV : second"
    found = messages(lambda: NeuronGroup(2, model, threshold="v > 1", reset="v = 0\ny += 1"))
    assert len(found) == 3, found  # neither 'v' in w, nor in the threshold, nor in the reset
    assert "z" not in found[0]
    assert all("'v'" not in message for message in found[1:])


def test_where_a_line_defines_nothing_only_the_texts_are_read():
    with pytest.raises(EquationError, match="This is not a definition") as refused:
        NeuronGroup(2, "v volt\ny : 1", threshold="v > ", reset="q += 1")
    assert len(refused.value.problems) == 2


def test_synapses_tell_all_at_once_too():
    group = NeuronGroup(2, "v : volt", threshold="v > 1*volt", reset="v = 0*volt")
    found = messages(
        lambda: Synapses(group, group, "w : 1 (const)\nx = w*volt : 1", on_pre="v_post += w")
    )
    assert len(found) == 3
    assert "no flag 'const'" in found[0]
    found = messages(
        lambda: Synapses(group, group, "w = 1 +* : volt\nx : 1", on_pre="v += w; x = v")
    )
    assert len(found) == 2, found


def test_other_faults_of_an_object_come_with_those_of_its_equations():
    found = messages(lambda: NeuronGroup(2, "v : 1 (const)", reset="v = 0"))
    assert [type(m) for m in found] == [str, str]
    assert "has a reset but no threshold" in found[1]
    with pytest.raises(ModelError, match="has a reset but no threshold"):
        NeuronGroup(2, "v : 1", reset="v = 0")
