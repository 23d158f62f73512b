"""Asks Polygraphy and PyTorch about pairs of arrays; runs where they are installed, and prints JSON.

Arguments: a directory with `<number>.tf1.npz` and `<number>.tf2.npz`, how many there are, rtol and atol.
"""

import contextlib
import importlib.util
import json
import os
import sys

import numpy as np


def read(directory, number, side):
    """Return the arrays of one side by their names, in their order."""
    with np.load(os.path.join(directory, f"{number}.{side}.npz"), allow_pickle=False) as archive:
        return {str(name): archive[f"a{position}"] for position, name in enumerate(archive["names"])}


def polygraphy(tf1, tf2, rtol, atol):
    """Tell whether Polygraphy's comparator takes both runs for the same."""
    from polygraphy.comparator import Comparator, CompareFunc, IterationResult, RunResults  # noqa: PLC0415 - if asked

    results = RunResults()
    for side, arrays in (("tf2", tf2), ("tf1", tf1)):  # its reference is the second
        results.append((side, [IterationResult(outputs=arrays, runner_name=side)]))
    compare = CompareFunc.simple(rtol=rtol, atol=atol)
    return bool(Comparator.compare_accuracy(results, compare_func=compare))


def torch(tf1, tf2, rtol, atol):
    """Tell whether PyTorch's `assert_close` takes both runs for the same; None for what it has no dtype for."""
    import torch  # noqa: PLC0415 - if asked

    try:
        sides = [{name: torch.from_numpy(np.array(array)) for name, array in side.items()} for side in (tf2, tf1)]
    except TypeError:
        return None
    try:
        torch.testing.assert_close(*sides, rtol=rtol, atol=atol)
    except AssertionError:
        return False
    return True


def main():
    """Print what each peer that is installed says of each pair."""
    directory, count, rtol, atol = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    peers = {"Polygraphy": ("polygraphy", polygraphy), "torch": ("torch", torch)}
    answers = {}
    for name, (module, ask) in peers.items():
        if importlib.util.find_spec(module) is None:
            continue
        answers[name] = []
        for number in range(count):
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    sides = read(directory, number, "tf1"), read(directory, number, "tf2")
                    answers[name].append(ask(*sides, rtol, atol))
            except Exception as error:  # noqa: BLE001 - a comparator that breaks down has not passed anything
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
                answers[name].append(False)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
