"""Explicit methods: euler, rk2, rk4, and heun and milstein for stochastic equations.

Every stage reads the values of the stage before only; a gate multiplies the derivative, so a
gated variable keeps its value in all stages. Tables looked up by time keep their value in a step.
"""

from __future__ import annotations

from collections.abc import Mapping

from simgen.integrate.algebra import add, add_all, divide, multiply, negated
from simgen.integrate.emit import Body
from simgen.integrate.model import Ode, OdeSystem, Refusal, Update, varies_within_step
from simgen.integrate.rewrite import substitute
from simgen.ir.construct import real
from simgen.ir.expr import Expr, Load, Time
from simgen.ir.visit import walk

States = Mapping[Expr, Expr]


def euler(system: OdeSystem) -> Update | Refusal:
    """Return forward Euler; with noise Euler-Maruyama, strong order 1 as the noise is additive."""
    if reasons := multiplicative_noise(system):
        return Refusal(reasons)
    body = Body(system)
    noise = body.noise()
    values = {
        number: add(_ahead(ode, ode.rhs, system.step_width), _kick(ode, noise, {}) or real(0.0))
        for number, ode in enumerate(system.odes)
    }
    return Update(body.finish(values), (), "euler")


def rk2(system: OdeSystem) -> Update | Refusal:
    """Return the midpoint rule, order 2."""
    if reasons := noisy_variables(system):
        return Refusal(reasons)
    body, dt = Body(system), system.step_width
    half = multiply(real(0.5), dt)
    middle = body.stage("mid", [_ahead(ode, ode.rhs, half) for ode in system.odes])
    time = _later(body, half)
    values = {
        number: _ahead(ode, substitute(ode.rhs, middle, time), dt)
        for number, ode in enumerate(system.odes)
    }
    return Update(body.finish(values), (), "rk2")


def rk4(system: OdeSystem) -> Update | Refusal:
    """Return the classical Runge-Kutta method, order 4."""
    if reasons := noisy_variables(system):
        return Refusal(reasons)
    body, dt = Body(system), system.step_width
    half = multiply(real(0.5), dt)
    slopes = [[body.bind(f"k1_{ode.name}", ode.rhs) for ode in system.odes]]
    for number, reach in enumerate((half, half, dt), start=2):
        ahead = [
            add(ode.target, multiply(reach, slope)) for ode, slope in zip(system.odes, slopes[-1])
        ]
        states, time = body.stage(f"x{number}", ahead), _later(body, reach)
        slopes.append(
            [
                body.bind(f"k{number}_{ode.name}", substitute(ode.rhs, states, time))
                for ode in system.odes
            ]
        )
    sixth = body.bind("dt_6", divide(dt, real(6.0)))
    values: dict[int, Expr] = {}
    for number, ode in enumerate(system.odes):
        first, second, third, fourth = (stage[number] for stage in slopes)
        inner = multiply(real(2.0), add(second, third))
        values[number] = add(ode.target, multiply(sixth, add(add(first, inner), fourth)))
    return Update(body.finish(values), (), "rk4")


def heun(system: OdeSystem) -> Update | Refusal:
    """Return Heun's method: order 2 without noise; with noise of any kind it solves Stratonovich's
    equation (Ruemelin, SIAM J. Numer. Anal. 19, 1982), strong order 1 where the noise commutes.
    """
    body, dt = Body(system), system.step_width
    noise = body.noise()
    slopes = [body.bind(f"k1_{ode.name}", ode.rhs) for ode in system.odes]
    kicks = [_kick(ode, noise, {}) for ode in system.odes]
    ahead = [
        add(add(ode.target, multiply(dt, slope)), kick or real(0.0))
        for ode, slope, kick in zip(system.odes, slopes, kicks)
    ]
    states = body.stage("ahead", ahead)
    time = _later(body, dt)
    half = real(0.5)
    values: dict[int, Expr] = {}
    for number, ode in enumerate(system.odes):
        both = add(slopes[number], substitute(ode.rhs, states, time))
        value = add(ode.target, multiply(multiply(half, dt), both))
        first, second = kicks[number], _kick(ode, noise, states, time)
        if first is not None and second is not None:
            value = add(value, first if second == first else multiply(half, add(first, second)))
        values[number] = value
    return Update(body.finish(values), (), "heun")


def milstein(system: OdeSystem) -> Update | Refusal:
    """Return Milstein's method for diagonal noise in Stratonovich's sense, strong order 1.

    The slope of the noise factor is a central difference over +- sqrt(dt) * factor: a one-sided
    one (Kloeden and Platen 1992, section 11.1) times dW**2 is wrong by dt**1.5 on average in
    every step, which leaves order 1/2.
    """
    if reasons := _not_diagonal(system):
        return Refusal(reasons)
    body, dt = Body(system), system.step_width
    noise = body.noise()
    values: dict[int, Expr] = {}
    for number, ode in enumerate(system.odes):
        value = _ahead(ode, ode.rhs, dt)
        for name, factor in ode.noise:
            value = add(value, multiply(factor, noise[name]))
            if _reads(factor, ode.target):
                spread = body.bind(f"spread_{ode.name}", multiply(body.root_of_dt(), factor))
                above = substitute(factor, {ode.target: add(ode.target, spread)})
                below = substitute(factor, {ode.target: add(ode.target, negated(spread))})
                slope = divide(add(above, negated(below)), multiply(real(4.0), body.root_of_dt()))
                value = add(value, multiply(multiply(slope, noise[name]), noise[name]))
        values[number] = value
    return Update(body.finish(values), (), "milstein")


def _ahead(ode: Ode, slope: Expr, time: Expr) -> Expr:
    return add(ode.target, multiply(time, slope))


def _later(body: Body, by: Expr) -> Expr | None:
    """Return the time of a later stage, None where no equation reads the time."""
    exprs = [part for ode in body.system.odes for part in (ode.rhs, *(f for _, f in ode.noise))]
    return add(Time(), by) if any(map(varies_within_step, exprs)) else None


def _kick(
    ode: Ode, noise: Mapping[str, Expr], states: States, time: Expr | None = None
) -> Expr | None:
    """Return the sum of noise factors times increments, None without noise."""
    return add_all(
        multiply(substitute(factor, states, time), noise[name]) for name, factor in ode.noise
    )


def _reads(expr: Expr, state: Load) -> bool:
    return any(node == state for node in walk(expr))


def noisy_variables(system: OdeSystem) -> tuple[str, ...]:
    """Return why a method without noise cannot integrate a system."""
    return tuple(f"'{ode.name}' has a noise term" for ode in system.odes if ode.noise)


def multiplicative_noise(system: OdeSystem) -> tuple[str, ...]:
    """Return why a method for additive noise cannot integrate a system."""
    return tuple(
        f"the noise '{name}' in d{ode.name}/dt is multiplicative: its factor depends on a variable"
        for ode in system.odes
        for name, factor in ode.noise
        if system.has_state(factor)
    )


def _not_diagonal(system: OdeSystem) -> tuple[str, ...]:
    """Return why noise is not diagonal: each variable its own source, seen by no other factor."""
    reasons: list[str] = []
    owners: dict[str, str] = {}
    noisy = {ode.target: ode.name for ode in system.odes if ode.noise}
    for ode in system.odes:
        if len(ode.noise) > 1:
            reasons.append(f"d{ode.name}/dt has several noise terms")
        for name, factor in ode.noise:
            if name in owners:
                reasons.append(f"'{owners[name]}' and '{ode.name}' share the noise '{name}'")
            owners[name] = ode.name
            reasons.extend(
                f"the noise of '{ode.name}' depends on '{other}', which has noise itself"
                for target, other in noisy.items()
                if target != ode.target and _reads(factor, target)
            )
    return tuple(reasons)
