"""The table of docs/porting.md: each line raises the error that it shows."""

import re
from pathlib import Path

import pytest

import simgen.brian as brian
from simgen.errors import SimgenError

PAGE = Path(__file__).parents[1] / "docs" / "porting.md"
TABLE = PAGE.read_text(encoding="utf-8").partition("## What is not supported")[2]
ROWS = re.findall(r"^\| `(.+?)` \| (.+?) \|$", TABLE, re.M)


def test_the_table_is_found():
    assert len(ROWS) > 10


@pytest.mark.parametrize(("code", "message"), ROWS, ids=[code for code, _ in ROWS])
def test_what_is_not_supported_says_so(code, message):
    names = {name: getattr(brian, name) for name in brian.__all__}
    names["G"] = group = brian.NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0")
    names["S"] = synapses = brian.Synapses(group, group, "w : 1", on_pre="v_post += w")
    synapses.connect()
    with pytest.raises(SimgenError) as refused:
        exec(code, names)
    assert message in " ".join(str(refused.value).split())
