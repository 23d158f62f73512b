"""Folds the passes of a loop that TF2 ran onto the one body that TF1's graph has."""

from __future__ import annotations

from collections import defaultdict

from tf_equivalence.trace import Trace, TracedOp


def fold_loops(trace: Trace) -> dict[int, int]:
    """Map every later pass of a loop onto its first: TF1's graph holds the body only once.

    What a later pass does and the first does not maps to -1.
    """
    passes: dict[str, dict[int, list[TracedOp]]] = defaultdict(lambda: defaultdict(list))
    unrolled = _unrolled_passes(trace)
    for op in trace.ops:
        loop, number = (op.loop, op.iteration) if op.loop else unrolled.get(op.index, ("", 0))
        if loop:
            passes[loop][number].append(op)
    folded: dict[int, int] = {}
    for numbered in passes.values():
        for number, ops in numbered.items():
            if number == 0:
                continue
            free = [(op.type, op.index) for op in numbered.get(0, ())]
            for op in ops:
                same = next((item for item in free if item[0] == op.type), None)
                if same is not None:
                    free.remove(same)
                folded[op.index] = same[1] if same is not None else -1
    return folded


def _unrolled_passes(trace: Trace) -> dict[int, tuple[str, int]]:
    """Tell the passes of a Python loop apart: index to the loop's name and the pass.

    A function of the user whose same line takes the same variables several times is a recurrence;
    a loop over layers takes other ones each time.
    """
    lines: dict[tuple[object, ...], list[TracedOp]] = defaultdict(list)
    for op in trace.ops:
        if not op.loop:
            lines[(op.type, *((f.path, f.line) for f in op.stack if not f.library))].append(op)
    counts: dict[tuple[object, ...], int] = {}
    for ops in lines.values():
        variables = [op.variables for op in ops if op.variables]
        if len(variables) > 1 and len(set(variables)) == 1:
            counts.setdefault(_function_of(ops[0]), len(variables))
    found: dict[int, tuple[str, int]] = {}
    for ops in lines.values():
        passes = counts.get(_function_of(ops[0]), 1)
        if passes > 1 and len(ops) >= passes:
            each = len(ops) // passes
            for at, op in enumerate(ops):
                found[op.index] = (str(_function_of(op)), at // each)
    return found


def _function_of(op: TracedOp) -> tuple[object, ...]:
    frames = [f for f in op.stack if not f.library]
    return (*((f.path, f.function) for f in frames[:1]), *((f.path, f.line) for f in frames[1:]))
