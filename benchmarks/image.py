"""Measures the image: its size by layer beside the bare wheels, the time to its first step, and to build it again.

Sizes are exact. A time is held against a target only as a ratio to one taken right before it, or
where it has room to spare. Exits with 1 when a figure is above its target.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCKER = os.environ.get("DOCKER", "docker")
CASE = "examples/scaling/equivalence_fixed_scaling.py"
COMPRESSED_TARGET = 400e6  # bytes, for the build without CUDA
START_TARGET = 1.5
REBUILD_TARGET = 20.0  # seconds
ROUNDS = 3
_CHUNK = 1 << 20
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")


def layer_sizes(image: str) -> list[tuple[str, int, int]]:
    """Return what made each layer of the image, and its size in bytes, unpacked and by gzip at level 6."""
    history = subprocess.run(
        [DOCKER, "history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image],
        check=True,
        capture_output=True,
        text=True,
    )
    made_by = [line.split("\t")[1] for line in reversed(history.stdout.splitlines()) if not line.startswith("0B\t")]
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "image.tar")
        with archive.open("wb") as stream:
            subprocess.run([DOCKER, "save", image], check=True, stdout=stream)
        with tarfile.open(archive) as saved:
            manifest = json.load(saved.extractfile("manifest.json"))[0]
            for layer in manifest["Layers"]:
                sizes[layer] = _sizes(saved.extractfile(layer))
    layers = [size for size in sizes.values() if size[0] > 2048]  # not the empty ones
    names = made_by if len(made_by) == len(layers) else [f"layer {number}" for number in range(len(layers))]
    return [(name, *size) for name, size in zip(names, layers, strict=True)]


def _sizes(stream) -> tuple[int, int]:
    packer, unpacked, packed = zlib.compressobj(6, wbits=31), 0, 0
    while data := stream.read(_CHUNK):
        unpacked += len(data)
        packed += len(packer.compress(data))
    return unpacked, packed + len(packer.flush())


def wheel_sizes(lock: Path) -> int:
    """Return the bytes of all wheels that the lock names, as they are downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
        which = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.13", *platforms]
        command = [sys.executable, "-m", "pip", "download", "--quiet", *which]
        subprocess.run([*command, "--require-hashes", "-r", str(lock), "--dest", folder], check=True)
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def seconds(command: list[str], cwd: Path = ROOT) -> float:
    """Return the wall time of a command that must succeed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def measure_start(image: str) -> tuple[float, float]:
    """Return the least seconds from start to the first judged step, outside and inside of the container."""
    options = ["run", CASE, "--step", "variables-once"]
    outside = [str(Path(sys.executable).with_name("tf-equivalence")), *options]
    inside = [DOCKER, "run", "--rm", "--volume", f"{ROOT}:/workspace:ro", "--workdir", "/workspace", image, *options]
    rounds = [(seconds(outside), seconds(inside)) for _ in range(ROUNDS)]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


def measure_rebuild(build: list[str]) -> float:
    """Return the seconds that building takes after a source file has changed and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        ignored = shutil.ignore_patterns(".git", ".venv", "build", ".*_cache", "__pycache__")
        shutil.copytree(ROOT, tree, ignore=ignored)
        seconds(build, tree)
        with (tree / "runner/tf_equivalence/errors.py").open("a") as stream:
            stream.write(f"\n# {time.time()}\n")
        return seconds(build, tree)


def main() -> int:
    """Print the figures, and return 1 when one is above its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image", description=__doc__)
    parser.add_argument("variants", nargs="*", metavar="cpu|full", help="default: cpu")
    missed = []
    for variant in parser.parse_args().variants or ["cpu"]:
        image = f"tf-equivalence:bench-{variant}"
        build = [DOCKER, "build", "--quiet", "--tag", image, "--build-arg", f"TENSORFLOW={variant}", "."]
        os.environ["DOCKER_BUILDKIT"] = "1"
        seconds(build)
        missed += [f"{variant}: {what}" for what in report(variant, image, build)]
    for what in missed:
        print(f"above its target: {what}")
    return bool(missed)


def report(variant: str, image: str, build: list[str]) -> list[str]:
    """Print the figures of one image and return those that are above their targets."""
    layers = layer_sizes(image)
    unpacked, packed = (sum(layer[index] for layer in layers) for index in (1, 2))
    wheels = wheel_sizes(ROOT / "locks" / f"{variant}.txt")
    print(f"{image}\n{'MB unpacked':>12} {'MB compressed':>14}")
    for made_by, *sizes in [*layers, ("in all", unpacked, packed)]:
        print(f"{sizes[0] / 1e6:12.1f} {sizes[1] / 1e6:14.1f}  {' '.join(made_by.split())[:90]}")
    print(f"{'':12} {wheels / 1e6:14.1f}  the bare wheels, as downloaded")
    outside, inside = measure_start(image)
    rebuild = measure_rebuild(build)
    print(f"start to first step: {inside:.1f} s inside, {outside:.1f} s outside: {inside / outside:.2f} (target 1.5)")
    print(f"build after a source change: {rebuild:.1f} s (target 20)\n")
    limits = [
        ("compressed size", packed, COMPRESSED_TARGET if variant == "cpu" else float("inf")),
        ("start to first step", inside / outside, START_TARGET),
        ("build after a source change", rebuild, REBUILD_TARGET),
    ]
    return [name for name, figure, limit in limits if figure > limit]


if __name__ == "__main__":
    sys.exit(main())
