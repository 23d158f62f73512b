"""Guesses shape and dtype of a model's input, from its callers, its docstring and its first operation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tf_equivalence.init.names import plain
from tf_equivalence.init.signature import read_parameters
from tf_equivalence.init.sources import Source
from tf_equivalence.init.values import UnknownValueError, last_value, literal

BATCH = 2
_LENGTH = 8  # of a sequence
_NUMBERS = 4  # of what nothing is known about
_MAKERS = ("placeholder", "zeros", "ones", "normal", "uniform", "random_uniform", "random_normal", "Input")
# Height and width where a docstring has only words for them, by what is in the name of the function or its file.
_SIZES = (("inception", 299), ("cifar", 32), ("mnist", 28), ("lenet", 28), ("digit", 28))
_COMMON_SIZE = 224
# What the first operation on an input says of its shape, and of its dtype.
_FIRST = (
    (r"(separable_|depthwise_)?conv2d\w*|max_pool(ing)?2?d?|avg_pool\w*|pad", (BATCH, 32, 32, 3), "float32"),
    (r"conv1d|dynamic_rnn|static_rnn|bidirectional_dynamic_rnn|unstack", (BATCH, _LENGTH, 16), "float32"),
    (r"conv3d\w*", (BATCH, 8, 32, 32, 3), "float32"),
    (r"dense|fully_connected|linear|matmul|batch_normalization|batch_norm|layer_norm", (BATCH, 16), "float32"),
    (r"flatten", (BATCH, 32, 32, 3), "float32"),
    (r"embedding_lookup|one_hot|embed_sequence", (BATCH, _LENGTH), "int32"),
)


@dataclass(frozen=True)
class Spec:
    """What goes into a model in one place.

    Attributes:
        shape: The batch dimension included; None where nothing tells.
        dtype: A NumPy dtype's name.
        why: What the guess rests on; empty where it was given.
    """

    shape: tuple[int, ...] | None
    dtype: str = "float32"
    why: str = ""


def read_keys(node: ast.FunctionDef, name: str) -> tuple[str, ...]:
    """Return the keys that a function looks up in its argument `name`, in the order of their lines."""
    found: dict[str, None] = {}
    nodes = [inner for inner in ast.walk(node) if isinstance(inner, ast.Subscript | ast.Call)]
    for inner in sorted(nodes, key=lambda inner: (inner.lineno, inner.col_offset)):
        key: ast.expr | None = None
        if isinstance(inner, ast.Subscript) and plain(inner.value) == name:
            key = inner.slice
        elif isinstance(inner, ast.Call) and plain(inner.func) == f"{name}.get" and inner.args:
            key = inner.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            found[key.value] = None
    return tuple(found)


def documented_keys(node: ast.FunctionDef) -> tuple[str, ...]:
    """Return the names in backticks that a docstring gives a shape in brackets, as in "`age`, `[batch, 2]`"."""
    text = ast.get_docstring(node) or ""
    return tuple(dict.fromkeys(re.findall(r"`(\w+)`[^`\[\]]*`?\[batch", text)))


def is_mapping(node: ast.FunctionDef, name: str) -> bool:
    """Return whether a function goes through its argument `name` as one goes through a dict."""
    text = ast.unparse(node)
    used = rf"sorted\({name}\)|\b{name}\.(items|keys|values)\(|\bin {name}\b|input_layer\({name}\b"
    return re.search(used, text) is not None


def guess_spec(source: Source, node: ast.FunctionDef, name: str, key: str, sources: Iterable[Source]) -> Spec:
    """Return the shape and dtype of an argument, or of what is under a key in it.

    Args:
        source: The function's file.
        node: The function.
        name: The argument.
        key: The key in it; empty for the argument itself.
        sources: Where to look for callers.
    """
    dtype = _dtype_by_use(node, name, key)
    if not key:
        found = _from_callers(node, name, sources)
        if found is not None:
            return found
    image_size = _default_image_size(source, node)
    shape = _from_docstring(node, key or name, image_size or _usual_size(source, node))
    if shape is not None:
        return Spec(shape, dtype or "float32", f"from the docstring of {node.name}")
    use = _first_use(source, node, _expressions(node, name, key), 0)
    if image_size and not key:
        return Spec((BATCH, image_size, image_size, 3), "float32", f"from {node.name}.default_image_size")
    if use is not None:
        return Spec(use[0], use[1], f"from the operation that reads it, {use[2]}")
    return _by_name(key or name, dtype)


def _by_name(name: str, dtype: str) -> Spec:
    """Return what a name alone suggests: lengths and labels are one whole number for each example."""
    if re.fullmatch(r".*(lengths?|seq_?lens?|labels?|targets?)", name):
        return Spec((BATCH,), "int32", "by its name")
    if name.endswith("mask"):
        return Spec((BATCH, _LENGTH), dtype or "float32", "by its name")
    return Spec(None, dtype or "float32")


def _from_callers(node: ast.FunctionDef, name: str, sources: Iterable[Source]) -> Spec | None:
    """Return what some caller passes: a placeholder or an array whose shape is written out."""
    for source, call in find_calls(node.name, sources):
        argument = passed(node, call, name)
        if isinstance(argument, ast.Name):
            argument = last_value(argument, source)
        if isinstance(argument, ast.Call) and plain(argument.func).split(".")[-1] in _MAKERS:
            shape = _made_shape(argument, source)
            if shape is not None:
                dtype = next((word for word in ("int32", "int64") if word in ast.unparse(argument)), "float32")
                return Spec(shape, dtype, f"from the call in {source.shown}:{call.lineno}")
    return None


def _made_shape(call: ast.Call, source: Source) -> tuple[int, ...] | None:
    for argument in (*call.args[:2], *(key.value for key in call.keywords if key.arg == "shape")):
        try:
            value = literal(argument, source)
        except UnknownValueError:
            continue
        if isinstance(value, list) and value and all(size is None or isinstance(size, int) for size in value):
            batch = plain(call.func).split(".")[-1] == "Input" and [None]
            return _filled([*(batch or []), *value])
    return None


def _filled(sizes: Sequence[object]) -> tuple[int, ...]:
    rest = [size if isinstance(size, int) and size > 0 else _LENGTH for size in sizes[1:]]
    return (BATCH, *rest)


def find_calls(name: str, sources: Iterable[Source]) -> list[tuple[Source, ast.Call]]:
    """Return the calls of a function in all files, by its name alone."""
    return [(source, call) for source in sources for call in source.calls.get(name, ())]


def passed(node: ast.FunctionDef, call: ast.Call, name: str) -> ast.expr | None:
    """Return what a call passes for the parameter `name`, if it can be told."""
    keyword = next((key.value for key in call.keywords if key.arg == name), None)
    if keyword is not None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return keyword
    positional = [parameter.name for parameter in read_parameters(node) if not parameter.keyword_only]
    index = positional.index(name) if name in positional else len(call.args)
    return call.args[index] if index < len(call.args) else None


def _default_image_size(source: Source, node: ast.FunctionDef) -> int | None:
    """Return what `function.default_image_size = 224` says, as slim's nets have it."""
    for statement in source.tree.body:
        if isinstance(statement, ast.Assign) and plain(statement.targets[0]) == f"{node.name}.default_image_size":
            value = statement.value
            if isinstance(value, ast.Attribute):  # copied from another function of the file
                other = source.functions.get(plain(value).split(".")[0])
                return _default_image_size(source, other) if other is not None and other is not node else None
            try:
                size = literal(value, source)
            except UnknownValueError:
                return None
            return size if isinstance(size, int) and 0 < size <= 1024 else None
    return None


def _usual_size(source: Source, node: ast.FunctionDef) -> int:
    text = f"{source.path.stem} {node.name}".lower()
    return next((size for word, size in _SIZES if word in text), _COMMON_SIZE)


def _from_docstring(node: ast.FunctionDef, name: str, image_size: int) -> tuple[int, ...] | None:
    text = ast.get_docstring(node) or ""
    found = re.search(rf"\b{re.escape(name)}\b[^\[\]]{{0,300}}?\[([\w\s,.*-]*,[\w\s,.*-]*|batch\w*)\]", text)
    if found is None:
        return None
    words = [word.strip().lower() for word in found[1].split(",") if word.strip()]
    return (BATCH, *(_size_of(word, image_size) for word in words[1:]))


def _size_of(word: str, image_size: int) -> int:
    if word.isdigit():
        return min(int(word), 4096) or 1
    table = (
        (r"h|w|height\w*|width\w*|.*size|rows|columns|cols", image_size),
        (r"c|.*channels?\w*|depth", 3),
        (r"t|length|time\w*|.*steps?|.*len\w*|seq\w*|frames|words|tokens", _LENGTH),
    )
    return next((size for pattern, size in table if re.fullmatch(pattern, word)), _NUMBERS)


def _expressions(node: ast.FunctionDef, name: str, key: str) -> frozenset[str]:
    """Return how the argument is written: by its name, by its key, and by names that are assigned from these."""
    texts = {f"{name}[{key!r}]", f'{name}["{key}"]', f"{name}.get({key!r})"} if key else {name}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign) and ast.unparse(inner.value) in texts:
            texts |= {target.id for target in inner.targets if isinstance(target, ast.Name)}
    return frozenset(texts)


def _first_use(
    source: Source, node: ast.FunctionDef, texts: frozenset[str], depth: int
) -> tuple[tuple[int, ...], str, str] | None:
    """Return shape, dtype and place that the first operation on one of the expressions suggests."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        reads = [index for index, argument in enumerate(call.args[:2]) if ast.unparse(argument) in texts]
        if not reads:
            continue
        last = plain(call.func).split(".")[-1]
        where = f"{source.shown}:{call.lineno}"
        if last == "reshape" and len(call.args) > 1:
            shape = _made_shape(ast.Call(call.func, call.args[1:], []), source)
            if shape is not None:
                return shape, "float32", where
        for pattern, shape, dtype in _FIRST:
            if re.fullmatch(pattern, last):
                return _narrowed(call, shape, source), dtype, where
        inner_function = source.functions.get(last)
        if inner_function is not None and inner_function is not node and depth < 3:
            names = [p.name for p in read_parameters(inner_function)]
            if reads[0] < len(names):
                found = _first_use(source, inner_function, _expressions(inner_function, names[reads[0]], ""), depth + 1)
                if found is not None:
                    return found
    return None


def _narrowed(call: ast.Call, shape: tuple[int, ...], source: Source) -> tuple[int, ...]:
    """Return the shape with the length that the matrix in a product asks for, where that is written out."""
    matrix = call.args[1] if len(call.args) > 1 else None
    made = last_value(matrix, source) if isinstance(matrix, ast.Name) else matrix
    if isinstance(made, ast.Call) and len(shape) == 2:
        for argument in ast.walk(made):
            if isinstance(argument, ast.List | ast.Tuple) and len(argument.elts) == 2:
                try:
                    size = literal(argument.elts[0], source)
                except UnknownValueError:
                    return shape
                return (shape[0], size) if isinstance(size, int) and size > 0 else shape
    return shape


def _dtype_by_use(node: ast.FunctionDef, name: str, key: str) -> str:
    """Return `int32` for what is looked up in a table of embeddings, and nothing where no use tells."""
    texts = _expressions(node, name, key)
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        last = plain(call.func).split(".")[-1]
        place = 1 if last.startswith("embedding_lookup") else 0
        reads = len(call.args) > place and ast.unparse(call.args[place]) in texts
        if reads and last in ("embedding_lookup", "embedding_lookup_sparse", "one_hot", "embed_sequence"):
            return "int32"
    words = ("ids", "tokens", "token_ids", "input_ids")
    return "int32" if (key or name) in words or (key or name).endswith("_ids") else ""
