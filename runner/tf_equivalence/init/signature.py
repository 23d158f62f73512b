"""Reads the signature of a function: which argument is the input, which the training flag, which a setting."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

FLAGS = ("is_training", "training", "is_train", "train", "istraining", "training_flag", "phase_train", "phase", "mode")
_INPUTS = (
    "inputs images image features x input_tensor input_tensors inputs_tensor input_ input net tensor data sequence "
    "tokens input_ids ids videos frames audio spectrogram"
).split()
_LABELS = ("labels", "label", "targets", "y")
# Required arguments whose names say that they are settings, and what to begin with.
_SETTINGS = (
    (r"(num|n|nb|number_of)_?(classes|labels|outputs|targets)|(class|label|output)_?(count|dim|size|num)", "10"),
    (r"scope|name|var_?scope", None),
    (r"reuse", "None"),
    (r"data_format", '"channels_last"'),
    (r"vocab(ulary)?_size|num_(words|tokens|items|embeddings)|n_vocab", "100"),
    (r".*(weight_decay|regularization|l2|l2_reg|wd|reg)(_rate|_scale|_constant)?", "0.0005"),
    (r".*(units|hidden|(hidden|embedding|emb)_(size|dim)|depth|filters|channels|width|dim|size)\d*", "16"),
    (r"(num|n)_(layers|blocks|heads|steps|hidden)|layers", "2"),
)
_KEEP = re.compile(r".*keep_?(prob|rate)\w*")
_DROP = re.compile(r".*(dropout|drop)(_rate|_prob)?")
_OPERATION = re.compile(r"(tf|slim|layers|tf_slim)\.(?!.*(scope|initializer|get_variable))")
_TENSORS = ("Tensor", "tf.Tensor")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    Attributes:
        name: As written.
        default: Its default value; None where it is required.
        keyword_only: Whether it stands behind the star.
        annotation: Its type as written, or empty.
        line: Where it stands, from 1.
    """

    name: str
    default: ast.expr | None
    keyword_only: bool
    annotation: str
    line: int

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is None

    @property
    def is_none(self) -> bool:
        """Whether its default is None."""
        return isinstance(self.default, ast.Constant) and self.default.value is None


def read_parameters(node: ast.FunctionDef) -> tuple[Parameter, ...]:
    """Return the parameters in order, `*args` and `**kwargs` left out."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults))
    pairs = [(arg, default, False) for arg, default in zip(positional, [*defaults, *given.defaults], strict=True)]
    pairs += [(arg, default, True) for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return tuple(
        Parameter(arg.arg, default, only, ast.unparse(arg.annotation) if arg.annotation else "", arg.lineno)
        for arg, default, only in pairs
    )


def without_self(method: ast.FunctionDef) -> ast.FunctionDef:
    """Return a method as the function that it is to whoever calls it."""
    given = method.args
    arguments = ast.arguments(
        posonlyargs=given.posonlyargs[1:],
        args=given.args if given.posonlyargs else given.args[1:],
        vararg=given.vararg,
        kwonlyargs=given.kwonlyargs,
        kw_defaults=given.kw_defaults,
        kwarg=given.kwarg,
        defaults=given.defaults,
    )
    return ast.FunctionDef(method.name, arguments, method.body, [], lineno=method.lineno, col_offset=method.col_offset)


def is_model_fn(node: ast.FunctionDef) -> bool:
    """Return whether a function has the signature of an Estimator's model function."""
    names = [parameter.name for parameter in read_parameters(node)]
    return names[:1] == ["features"] and "mode" in names


@dataclass(frozen=True)
class Roles:
    """What the parameters of a TF1 function are for.

    Attributes:
        inputs: The tensors that go in, in order; at least one.
        labels: The labels of a model function, which predictions do not depend on.
        flag: What says whether to train, if anything does.
        others: All other parameters.
    """

    inputs: tuple[Parameter, ...]
    labels: Parameter | None
    flag: Parameter | None
    others: tuple[Parameter, ...]


def read_roles(node: ast.FunctionDef) -> Roles:
    """Tell the parameters of a TF1 function apart, by their names, defaults and uses.

    Raises:
        ValueError: It has no parameter that could be its input; the message says so.
    """
    parameters = read_parameters(node)
    flag = next((p for name in FLAGS for p in parameters if p.name == name), None)
    labels = next((p for p in parameters if p.name == "labels"), None) if is_model_fn(node) else None
    rest = [p for p in parameters if p not in (flag, labels)]
    if not rest:
        raise ValueError(f"{node.name} has no parameter that could be its input")
    main = next((p for name in _INPUTS for p in rest if p.name == name), rest[0])
    uses = _tensor_uses(node)
    inputs = [p for p in rest if p == main or (labels is None and _is_tensor(p, uses))]
    return Roles(tuple(inputs), labels, flag, tuple(p for p in rest if p not in inputs))


def _is_tensor(parameter: Parameter, uses: frozenset[str]) -> bool:
    if not parameter.required or setting(parameter.name) is not None or is_rate(parameter.name):
        return False
    if parameter.annotation:
        return parameter.annotation in _TENSORS
    return parameter.name in uses or parameter.name in _INPUTS or parameter.name in _LABELS


def _tensor_uses(node: ast.FunctionDef) -> frozenset[str]:
    """Return the names that are the first argument of some `tf.` call, or an item of its list."""
    found = set()
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        function = ast.unparse(call.func)
        if not _OPERATION.match(function):
            continue
        position = 1 if function.endswith("embedding_lookup") else 0
        argument = call.args[position] if len(call.args) > position else None
        items = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
        found |= {item.id for item in items if isinstance(item, ast.Name)}
    return frozenset(found)


def setting(name: str) -> str | None:
    """Return the value to begin with for a setting of this name; the empty text asks for a name; None is none."""
    for pattern, value in _SETTINGS:
        if re.fullmatch(pattern, name):
            return value or ""
    return None


def is_rate(name: str) -> bool:
    """Return whether a parameter says how much a dropout keeps or drops."""
    return bool(_KEEP.fullmatch(name) or _DROP.fullmatch(name))


def rate(name: str) -> str:
    """Return the expression for a dropout's setting, which inference turns off."""
    return "0.5 if training else 1.0" if _KEEP.fullmatch(name) else "0.5 if training else 0.0"


def mode_values(node: ast.FunctionDef) -> tuple[str, str]:
    """Return the expressions for training and for inference that a function compares its `mode` with."""
    texts, keys = set(), set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Compare):
            for side in (inner.left, *inner.comparators):
                if isinstance(side, ast.Constant) and isinstance(side.value, str):
                    texts.add(side.value)
                elif isinstance(side, ast.Attribute):
                    keys.add(side.attr)
    train = next((text for text in sorted(texts) if "train" in text.lower()), "train")
    others = ("infer", "inference", "predict", "prediction", "eval", "evaluate", "test", "valid")
    infer = next((other for other in others for text in texts if text.lower() == other), "infer")
    return repr(train).replace("'", '"'), repr(infer).replace("'", '"')
