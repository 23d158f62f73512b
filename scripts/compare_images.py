"""Tells what differs between two images that should be the same: compare_images.py IMAGE IMAGE.

Two builds of the same sources without a cache should give layers of the same content. Layers are
compared file by file, with everything that goes into a layer's digest. Prints the differences, one a
line, and exits with 1 when there are any.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DOCKER = os.environ.get("DOCKER", "docker")


@dataclass(frozen=True)
class Entry:
    """What a layer says of one file.

    Attributes:
        kind: As in the archive: file, folder, link and so on.
        mode: Permissions.
        owner: User and group, by number.
        time: Seconds of the last change.
        link: Where a link leads to.
        content: The digest of the content, and of the extended attributes.
    """

    kind: str
    mode: int
    owner: tuple[int, int]
    time: float
    link: str
    content: str


Layer = dict[str, Entry]


def read_layer(stream: IO[bytes]) -> Layer:
    """Return the entries of a layer by their paths."""
    entries = {}
    with tarfile.open(fileobj=stream, mode="r|*") as layer:
        for member in layer:
            digest = hashlib.sha256()
            content = layer.extractfile(member) if member.isreg() else None
            while content is not None and (data := content.read(1 << 20)):
                digest.update(data)
            # Long paths and times are attributes as well, and are compared as what they are.
            attributes = {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.")}
            digest.update(json.dumps(attributes, sort_keys=True).encode())
            entries[member.name] = Entry(
                kind=member.type.decode(),
                mode=member.mode,
                owner=(member.uid, member.gid),
                time=member.mtime,
                link=member.linkname,
                content=digest.hexdigest(),
            )
    return entries


def read_image(archive: Path) -> list[Layer]:
    """Return the layers of an image that was written by `docker save`, the base first."""
    with tarfile.open(archive) as saved:
        manifest = json.loads(_content(saved, "manifest.json").read())
        return [read_layer(_content(saved, name)) for name in manifest[0]["Layers"]]


def _content(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    content = saved.extractfile(name)
    if content is None:
        raise ValueError(f"{name} is no file of the image")
    return content


def find_differences(first: list[Layer], second: list[Layer]) -> list[str]:
    """Return what differs between the layers, one message each."""
    if len(first) != len(second):
        return [f"{len(first)} layers, and {len(second)}"]
    found = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        for path in sorted(one.keys() | other.keys()):
            what = _differences(one.get(path), other.get(path))
            if what:
                found.append(f"layer {number}: {path}: {', '.join(what)}")
        if one.keys() == other.keys() and list(one) != list(other):
            found.append(f"layer {number}: the order of its files")
    return found


def _differences(one: Entry | None, other: Entry | None) -> list[str]:
    if one is None or other is None:
        return ["only in the second" if one is None else "only in the first"]
    return [name for name, value in vars(one).items() if value != vars(other)[name]]


def main(images: list[str]) -> int:
    """Print the differences; return the exit code."""
    if len(images) != 2:
        print("usage: compare_images.py IMAGE IMAGE", file=sys.stderr)
        return 2
    read = []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "image.tar")
        for image in images:
            subprocess.run([DOCKER, "save", "--output", str(archive), image], check=True)
            read.append(read_image(archive))
    differences = find_differences(*read)
    for difference in differences:
        print(difference)
    files = sum(len(layer) for layer in read[0])
    print(f"{len(differences)} differences, of {files} files in {len(read[0])} layers")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
