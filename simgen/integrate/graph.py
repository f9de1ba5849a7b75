"""Which variables depend on which: reachability and strongly connected blocks of small graphs."""

from __future__ import annotations

from collections.abc import Iterable


def reach(size: int, edges: Iterable[tuple[int, int]]) -> tuple[frozenset[int], ...]:
    """Return, for each node, itself and all nodes that a path of ``edges`` leads to."""
    direct: list[set[int]] = [set() for _ in range(size)]
    for start, stop in edges:
        direct[start].add(stop)
    found: list[frozenset[int]] = []
    for node in range(size):
        seen, todo = {node}, [node]
        while todo:
            new = direct[todo.pop()] - seen
            seen |= new
            todo.extend(new)
        found.append(frozenset(seen))
    return tuple(found)


def blocks(reached: tuple[frozenset[int], ...]) -> tuple[tuple[int, ...], ...]:
    """Return the strongly connected blocks, each after all blocks that it depends on.

    ``reached`` is the result of :func:`reach`. A node that depends on another block reaches
    strictly more nodes, so sorting by that number is a topological order.
    """
    done: set[int] = set()
    found: list[tuple[int, ...]] = []
    for node in sorted(range(len(reached)), key=lambda node: (len(reached[node]), node)):
        if node not in done:
            block = tuple(sorted(other for other in reached[node] if node in reached[other]))
            done.update(block)
            found.append(block)
    return tuple(found)


def components(size: int, edges: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return the sets of nodes that are connected when directions are ignored, in order."""
    pairs = tuple(edges)
    both = reach(size, [*pairs, *((stop, start) for start, stop in pairs)])
    return tuple(dict.fromkeys(tuple(sorted(nodes)) for nodes in both))
