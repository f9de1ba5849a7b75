"""When integers are divided by zero, as conditions; and what notes are made of them."""

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, integer, select
from simgen.ir.expr import ELEMENT, Array, Call, Const, Load, Logical, Param, Unary
from simgen.ir.faults import faults_in, is_run_constant
from simgen.ir.functions import UserFunction
from simgen.ir.kernel import Clock, Item, Kernel, OverElements, Program
from simgen.ir.printer import format_expr, format_kernel
from simgen.ir.stmt import If, Store
from simgen.passes.note_faults import note_faults

COUNT = Array("exc.n", DType.I32, "N_exc")
N, M = (Load(Array(f"exc.{name}", DType.I32, "N_exc"), ELEMENT) for name in "nm")
K, SIZE = Param("exc.c.k", DType.I64), Param("N_exc", DType.I64)
POSITIVE = compare(">", M, integer(0))


def texts(expr):
    return [format_expr(each) for each in faults_in(expr)]


def test_divisors_that_can_be_zero():
    assert texts(binary("//", N, M)) == ["i64(exc.m[element]) == 0"]
    assert texts(binary("+", binary("%", N, K), binary("//", M, K))) == ["$exc.c.k == 0"]
    assert texts(binary("//", N, integer(0))) == ["0 == 0"]
    nested = binary("//", N, binary("%", M, K))
    assert texts(nested) == ["$exc.c.k == 0", "i64(exc.m[element]) % $exc.c.k == 0"]


def test_what_is_no_such_division():
    assert texts(binary("%", N, integer(3))) == []
    assert texts(binary("//", N, SIZE)) == []
    assert texts(binary("//", Const(1.0, DType.REAL), M)) == []
    assert texts(binary("/", N, M)) == []


def test_guards():
    division = compare("==", binary("%", N, M), integer(1))
    zero = "i64(exc.m[element]) == 0"
    positive = "i64(exc.m[element]) > 0"
    assert texts(Logical("and", POSITIVE, division)) == [f"{positive} and {zero}"]
    assert texts(Logical("or", POSITIVE, division)) == [f"not {positive} and {zero}"]
    assert texts(Logical("and", division, POSITIVE)) == [zero]
    assert texts(Unary("not", division)) == [zero]
    chosen = select(POSITIVE, binary("//", N, M), integer(0))
    assert texts(chosen) == [f"{positive} and {zero}"]
    chosen = select(POSITIVE, integer(0), binary("//", N, M))
    assert texts(chosen) == [f"not {positive} and {zero}"]


def test_what_the_host_can_tell_when_a_run_starts():
    assert is_run_constant(compare("==", binary("+", K, integer(1)), integer(0)))
    assert not is_run_constant(POSITIVE)
    user = UserFunction("f", (), (), DType.REAL, lambda: 1.0, {})
    assert not is_run_constant(Call("f", (), DType.REAL, user))


def program(*body):
    clock = Clock("main")
    kernel = Kernel("exc_code", OverElements("N_exc", integer(0), SIZE), body, clock)
    return Program((Item("start", 0, "exc_code", kernel),), (clock,))


def test_notes_stand_before_what_they_are_for():
    divided = Store(
        COUNT, ELEMENT, binary("//", N, M), None, Array("exc.n.beyond", DType.I64, "one")
    )
    constant = Store(COUNT, ELEMENT, binary("//", N, K), None, divided.beyond)
    found = note_faults(program(If(POSITIVE, (divided,)), divided, constant))
    lines = format_kernel(found.kernels[0]).splitlines()
    notes = [number for number, line in enumerate(lines) if line.strip().startswith("note")]
    assert [lines[number].strip() for number in notes] == [
        f"note exc_code.faults_{number}[element] where i64(exc.m[element]) == 0"
        for number in (0, 1)
    ]
    assert all("//" in lines[number + 1] for number in notes)
    assert lines[notes[0]].startswith(" " * 6)


def test_a_program_without_such_divisions_is_the_same():
    plain = program(Store(COUNT, ELEMENT, binary("//", N, K), None, Array("b", DType.I64, "one")))
    assert note_faults(plain) is plain
