"""Output of workers: bounded whatever they print, and TensorFlow's log told apart."""

from __future__ import annotations

import tracemalloc

import pytest

from tf_equivalence.record.output import HEAD, TAIL, BoundedOutput, split_log


def test_short_output_is_kept_whole() -> None:
    """What fits is not touched."""
    output = BoundedOutput()
    for part in (b"a\n", b"", b"b\xc3", b"\xa9\n"):
        output.add(part)
    assert output.text() == "a\nbé\n"


def test_undecodable_bytes_are_escaped() -> None:
    """Invalid UTF-8 costs nothing but its own bytes."""
    output = BoundedOutput()
    output.add(b"a\xff\xfeb")
    assert output.text() == "a\\xff\\xfeb"


@pytest.mark.parametrize("chunk", [1000, 1 << 16, 1 << 20], ids=str)
def test_long_output_keeps_both_ends(chunk: int) -> None:
    """The beginning and the end stay, and what lies between is counted to the byte."""
    output, total = BoundedOutput(), 0
    output.add(b"BEGIN")
    for _ in range(40):
        output.add(b"x" * chunk)
        total += chunk
    output.add(b"END")
    text = output.text()
    if total < TAIL:
        assert len(text) == total + 8
        return
    head, _, rest = text.partition("\n[… ")
    count, _, tail = rest.partition(" bytes left out …]\n")
    assert head.startswith("BEGIN")
    assert len(head) == HEAD
    assert tail.endswith("END")
    assert len(tail) >= TAIL
    assert len(head) + int(count) + len(tail) == total + 8


def test_memory_is_bounded() -> None:
    """A hundred megabytes in pipe-sized pieces do not stay in memory."""
    output, piece = BoundedOutput(), bytes(1 << 16)
    tracemalloc.start()
    try:
        for _ in range(1600):
            output.add(bytes(piece))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


LOG = [
    "2026-11-22 23:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] This binary is optimized",
    "2026-11-22 23:00:00.123456: E external/local_xla/xla/stream_executor/cuda.cc:262] failed call to cuInit",
    "I0000 00:00:1700000000.123456   12345 gpu.cc:10] x",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "WARNING:tensorflow:From a.py:1: old (from x) is deprecated",
    "WARNING:absl:x",
    "To enable the following instructions: AVX2, in other operations, rebuild TensorFlow",
    "Instructions for updating:\nuse the new one",
    "/venv/lib/python3.11/site-packages/tf_keras/src/legacy.py:10: UserWarning: `layer.apply` is deprecated",
]
PRINTED = [
    "step 1: loss 0.5",
    "2026-11-22 my own line",
    "INFO: mine",
    "::error::pwned",
    "WARNING: look at this",
    "/home/me/nets/a.py:10: UserWarning: mine",
]


def test_log_is_told_from_what_user_code_printed() -> None:
    """TensorFlow's lines go to the log, in order; everything else stays the user's."""
    mixed = [line for pair in zip(LOG, [*PRINTED, "", "x", "y"], strict=True) for line in pair]
    printed, log = split_log("\n".join(mixed))
    assert log == "\n".join(LOG)
    assert printed.splitlines() == [*PRINTED, "", "x", "y"]


def test_nothing_printed() -> None:
    """Silence is two empty texts."""
    assert split_log("") == ("", "")
