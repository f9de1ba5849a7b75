"""Reads what an emulated launch left behind when it went wrong, and makes a message of it."""

from __future__ import annotations

from typing import Any

from simgen.targets.cuda.emulate.faults import FOUND, Fault, Site, render
from simgen.targets.cuda.emulate.findings import Finding, Party, Surroundings, render_findings
from simgen.targets.cuda.emulate.loaded import LoadedText, emulator, text_of
from simgen.targets.cuda.emulate.memory import Allocation, MemoryTable
from simgen.targets.cuda.emulate.symbols import lines_of


def explain(text: LoadedText, kernel: str, launch: Any, table: MemoryTable) -> str:
    """Return the message of the fault that ended ``launch`` (of cffi, untyped)."""
    fault = _read_fault(text, kernel, launch)
    parts = [] if fault.kind == FOUND else [render(fault)]
    if text.checked:
        findings, around = _read_findings(text, fault, launch, table)
        if findings:
            parts.append(render_findings(findings, around))
    return "\n".join(parts)


def _read_fault(text: LoadedText, kernel: str, launch: Any) -> Fault:
    found = text.lib.sg_emu_last_fault()
    n_threads = launch.block[0] * launch.block[1] * launch.block[2]
    sites = []
    for thread in range(n_threads):
        site = text.lib.sg_emu_site_of(thread)
        call = text_of(site.call) if site.call else ""
        file = text_of(site.file) if site.file else ""
        sites.append(Site(call, file, int(site.line), int(site.state), int(site.mask)))
    return Fault(
        kind=int(found.kind),
        kernel=kernel,
        grid=_triple(launch.grid),
        block_size=_triple(launch.block),
        block=int(found.block),
        thread=int(found.thread),
        sites=tuple(sites),
    )


def _triple(size: Any) -> tuple[int, int, int]:
    return int(size[0]), int(size[1]), int(size[2])


def _read_findings(
    text: LoadedText, fault: Fault, launch: Any, table: MemoryTable
) -> tuple[list[Finding], Surroundings]:
    n, shared_begin = emulator.new("int *"), emulator.new("uint64_t *")
    found = text.lib.sg_emu_findings(n, shared_begin)
    findings = [_finding(found[k]) for k in range(n[0])]
    shared = [
        Allocation(
            shared_begin[0] + array.offset,
            int(launch.shared_bytes) if array.dynamic else array.n_bytes,
            array.name,
        )
        for array in text.shared
    ]
    places = [party.place for one in findings for party in (one.now, one.before) if party.place]
    around = Surroundings(
        kernel=fault.kernel,
        grid=fault.grid,
        block_size=fault.block_size,
        memories=sorted([*table.allocations, *shared], key=lambda memory: memory.begin),
        freed=tuple(table.freed),
        lines=lines_of(text.path, places),
    )
    return findings, around


def _finding(found: Any) -> Finding:
    return Finding(
        kind=int(found.kind),
        address=int(found.address),
        n_bytes=int(found.n_bytes),
        now=_party(found.now),
        before=_party(found.before),
        file=text_of(found.file) if found.file else "",
        line=int(found.line),
        type=text_of(found.type).replace(" [", "[") if found.type else "",
        value=int(found.value),
    )


def _party(party: Any) -> Party:
    return Party(int(party.block), int(party.thread), int(party.place), int(party.how))
