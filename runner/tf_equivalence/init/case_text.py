"""The text of a first case, and of a first layer around the TF1 function."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from tf_equivalence.init.arguments import Argument, Constant
from tf_equivalence.init.plan import Plan, returns_spec
from tf_equivalence.init.shapes import Spec

_WIDTH = 88
GUESS, TODO = "# Guessed: ", "# TODO: "


def case_text(plan: Plan, folders: Sequence[str]) -> str:
    """Return the module `equivalence_*.py`.

    Args:
        plan: What to write.
        folders: Python expressions of folders to put on the import path; empty where it holds them.
    """
    head = [
        f'"""Does {_side(plan)} compute in TF2 what `{plan.tf1.name}` computed in TF1?',
        "",
        "Written by `tf-equivalence init`, for you to change.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        *(["import sys", "from pathlib import Path", ""] if folders else []),
        f"from tf_equivalence import ArraySpec, {_base(plan)}",
        "",
    ]
    for folder in folders:
        head.append(f"sys.path.append(str({folder}))")
    if folders:
        head.append("")
    constants = [line for constant in plan.constants for line in _constant(constant)]
    unknown = [(name, spec) for name, spec in plan.specs if spec.shape is None]
    for name, _ in unknown:
        what = f"the shape of `{name or plan.roles.inputs[0].name}`, which {plan.tf1.name} ({plan.tf1.place}) gets"
        constants += _todo(_shape_name(name), f"{what}, batch first, such as (2, 32, 32, 3)")
    body = [
        *(["", ""] if constants else [""]),
        f"class {plan.class_name}({_base(plan)}):",
        *_indent(_docstring(plan), 1),
        "",
        *_indent(_inputs(plan), 1),
        "",
        *_indent(_tf1_head(plan), 1),
        *_indent(_tf1_body(plan), 2),
        "",
        "    def tf2(self):",
        '        """Return the migrated model; it is called as model(inputs, training=...)."""',
        *_indent(_tf2_body(plan), 2),
    ]
    return "\n".join([*head, *constants, *body]) + "\n"


def _base(plan: Plan) -> str:
    return "EquivalenceCase" if plan.labels is None else "EstimatorCase"


def _docstring(plan: Plan) -> list[str]:
    text = f"`{plan.tf1.name}` beside {_side(plan)}."
    if plan.labels is None:
        return [f'"""{text}"""']
    more = "Give it a `loss(self, outputs, inputs)`, and the model function's is compared, too."
    return [f'"""{text}', "", *textwrap.wrap(more, _WIDTH - 4), '"""']


def _tf1_head(plan: Plan) -> list[str]:
    if plan.labels is None:
        return [
            "def tf1(self, inputs, training):",
            '    """Build the TF1 forward pass in the current graph; return its outputs."""',
        ]
    return [
        "def model_fn(self, features, labels, mode):",
        '    """Build the model in the current graph; return its `EstimatorSpec`."""',
    ]


def _side(plan: Plan) -> str:
    if plan.tf2 is not None:
        return f"`{plan.tf2.name}`"
    return f"`{plan.layer}`" if plan.layer else "the migrated model"


def _indent(lines: Iterable[str], depth: int) -> list[str]:
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def _comment(mark: str, text: str, depth: int = 0) -> list[str]:
    width = _WIDTH - 4 * depth
    return textwrap.wrap(mark + text + ".", width, subsequent_indent="# ", break_long_words=False)


def _constant(constant: Constant) -> list[str]:
    if constant.module_level:
        return []
    if constant.value is None:
        return _todo(constant.name, constant.why)
    return [*_comment(GUESS, constant.why), f"{constant.name} = {constant.value}"]


def _todo(name: str, what: str) -> list[str]:
    """Return a constant that still has to be given, and the line that says so when it is not."""
    message = f"{name} still has to be given: {what}"
    parts = textwrap.wrap(message, _WIDTH - 12, drop_whitespace=False, break_long_words=False)
    return [
        *_comment(TODO, what),
        f"{name} = ...",
        f"if {name} is ...:",
        "    raise NotImplementedError(",
        *(f"        {_quoted(part)}" for part in parts),
        "    )",
    ]


def _quoted(text: str) -> str:
    """Return a text as a Python string."""
    return json.dumps(text, ensure_ascii=False)


def _shape_name(name: str) -> str:
    word = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
    return f"{'' if word[:1].isalpha() else 'INPUT_'}{word}_SHAPE" if word else "INPUT_SHAPE"


def _spec(name: str, spec: Spec) -> str:
    shape = _shape_name(name) if spec.shape is None else str(spec.shape)
    return f"ArraySpec({shape})" if spec.dtype == "float32" else f'ArraySpec({shape}, "{spec.dtype}")'


def _inputs(plan: Plan) -> list[str]:
    if plan.labels is None:
        return _given("inputs", plan)
    comment = _comment(GUESS, f"shape and dtype, {plan.labels.why}", 1)
    return [*_given("features", plan), *comment, f"labels = {_spec('labels', plan.labels)}"]


def _given(member: str, plan: Plan) -> list[str]:
    if len(plan.specs) == 1 and not plan.keyed:
        name, spec = plan.specs[0]
        comment = _comment(GUESS, f"shape and dtype, {spec.why}", 1) if spec.why and spec.shape is not None else []
        return [*comment, f"{member} = {_spec(name, spec)}"]
    lines = [f"{member} = {{"]
    for name, spec in plan.specs:
        if spec.why and spec.shape is not None:
            lines += _indent(_comment(GUESS, f"shape and dtype, {spec.why}", 2), 1)
        lines.append(f"    {_quoted(name)}: {_spec(name, spec)},")
    return [*lines, "}"]


def _tf1_body(plan: Plan) -> list[str]:
    names = sorted({plan.tf1.symbol, *([plan.scope.name] if plan.scope else []), *_imported(plan.tf1_arguments)})
    lines = ["import tf_slim as slim"] if plan.scope else []
    arguments = plan.tf1_arguments if plan.labels is None else (*plan.owner_arguments, *_passed_on(plan))
    if any("tf." in argument.text for argument in arguments):
        lines.append("import tensorflow.compat.v1 as tf")
    lines += [_import(plan.tf1_place.module, names), ""]
    lines += [line for argument in arguments if argument.guess for line in _comment(GUESS, argument.guess, 2)]
    return lines + call_lines(plan, "", spec=plan.labels is not None)


def _passed_on(plan: Plan) -> list[Argument]:
    """Return the arguments of a model function, those that an Estimator gives as they come."""
    names = [p.name for p in (plan.roles.labels, plan.roles.flag) if p is not None]
    rest = [argument for argument in plan.arguments if argument.keyword not in names]
    return [*(Argument(name, name) for name in names), *rest]


def _import(module: str, names: Sequence[str]) -> str:
    return f"from {module} import {', '.join(names)}"


def _imported(arguments: Sequence[Argument]) -> set[str]:
    constants = [argument.constant for argument in arguments if argument.constant is not None]
    return {constant.name.split("[")[0] for constant in constants if constant.module_level}


def call_lines(plan: Plan, owner: str, *, spec: bool = False) -> list[str]:
    """Return the lines that call the TF1 function and return its outputs.

    Args:
        plan: What to write.
        owner: What constants are attributes of: `self.` in a layer, in small letters then; or nothing.
        spec: Whether to return the spec of a model function as it is.
    """
    call = _call(plan, owner, spec=spec)
    lines = [f"return {line}" if index == 0 else line for index, line in enumerate(call)]
    if returns_spec(plan.tf1) and not spec:
        lines = [f"spec = {call[0]}", *call[1:], "return spec.predictions"]
    if plan.scope is None:
        return lines
    why = _comment(GUESS, f"the arg scope, {plan.scope.why}", 2) if plan.scope.why and not owner else []
    return [*why, f"with slim.arg_scope({plan.scope.call}):", *_indent(lines, 1)]


def _call(plan: Plan, owner: str, *, spec: bool) -> list[str]:
    """Return the call, on one line or with one argument on each."""
    parts = []
    first = next((p.name for p in plan.roles.inputs[:1]), "")
    positional = first == next(iter(_parameter_names(plan)), "")
    for parameter in plan.roles.inputs:
        text = "inputs" if plan.keyed or len(plan.roles.inputs) == 1 else f"inputs[{_quoted(parameter.name)}]"
        text = "features" if spec else text
        parts.append(text if positional and parameter.name == first else f"{parameter.name}={text}")
    parts += _keywords(_passed_on(plan) if spec else plan.arguments, owner)
    callee = plan.tf1.symbol
    if plan.tf1.owner is not None:
        callee += f"({', '.join(_keywords(plan.owner_arguments, owner))})"
        callee += "" if plan.tf1.node.name == "__call__" else f".{plan.tf1.node.name}"
    line = f"{callee}({', '.join(parts)})"
    if len(line) <= _WIDTH - 20:
        return [line]
    return [f"{callee}(", *(f"    {part}," for part in parts), ")"]


def _keywords(arguments: Sequence[Argument], owner: str) -> list[str]:
    """Return arguments as they are passed; a layer passes its own attributes for constants."""
    return [
        f"{argument.keyword}={owner}{argument.keyword}"
        if owner and argument.constant is not None
        else f"{argument.keyword}={argument.text}"
        for argument in arguments
    ]


def _parameter_names(plan: Plan) -> list[str]:
    given = plan.tf1.node.args
    return [argument.arg for argument in (*given.posonlyargs, *given.args)]


def _tf2_body(plan: Plan) -> list[str]:
    if plan.tf2_place is None or not (plan.tf2 or plan.layer):
        message = f"return the migrated {plan.tf1.name} here: a layer, a model or a module of TF2"
        return [f"{TODO}{message}.", "raise NotImplementedError(", f"    {_quoted(message)}", ")"]
    name = plan.tf2.name if plan.tf2 is not None else plan.layer
    parts = [argument.text for argument in plan.tf2_arguments]
    if plan.tf2 is not None:
        parts = [f"{argument.keyword}={argument.text}" for argument in plan.tf2_arguments]
    if plan.layer_name:
        parts.append(f'name="{plan.layer_name}"')
    own = _imported(plan.tf2_arguments)
    imports = [_import(plan.tf1_place.module, sorted(own))] if own else []
    lines = [*sorted([*imports, _import(plan.tf2_place.module, [name])]), ""]
    if plan.layer_name:
        lines += ["# Keras puts a layer's name before those of its variables: TF1's scope."]
    line = f"return {name}({', '.join(parts)})"
    if len(line) <= _WIDTH - 8:
        return [*lines, line]
    return [*lines, f"return {name}(", *(f"    {part}," for part in parts), ")"]


def layer_text(plan: Plan) -> str:
    """Return a module with a first layer: the TF1 function as it is, below the shim's decorator."""
    constants = [argument for argument in plan.tf1_arguments if argument.constant is not None]
    names = sorted({plan.tf1.symbol, *([plan.scope.name] if plan.scope else [])})
    lines = [
        f'"""`{plan.tf1.name}` inside of a TF2 layer: the first step of its migration.',
        "",
        "Written by `tf-equivalence init`, for you to change: replace the call of TF1 code piece by",
        "piece, and run the case after each.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import tensorflow as tf",
        *(["import tf_slim as slim"] if plan.scope else []),
        _import(plan.tf1_place.module, names),
        "",
        "",
        f"class {plan.layer}(tf.keras.layers.Layer):",
        '    """Runs the TF1 function eagerly; the decorator keeps its variables and regularization losses."""',
    ]
    if constants:
        arguments = ", ".join(argument.keyword for argument in constants)
        lines += [
            "",
            f"    def __init__(self, {arguments}, **kwargs):",
            "        super().__init__(**kwargs)",
            *(f"        self.{argument.keyword} = {argument.keyword}" for argument in constants),
        ]
    lines += [
        "",
        "    @tf.compat.v1.keras.utils.track_tf1_style_variables",
        "    def call(self, inputs, training=None):",
        '        """Return what the TF1 function returns; `training=None` means inference."""',
        "        training = bool(training)",
        *_indent(call_lines(plan, "self."), 2),
    ]
    return "\n".join(lines) + "\n"


def marked_lines(text: str) -> tuple[tuple[int, str, str], ...]:
    """Return the line, the code and the comment of each guess and each gap, the comment on one line.

    The line is that of the code below the comment, from 1.
    """
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for number, line in enumerate(lines):
        mark = next((mark for mark in (GUESS, TODO) if line.startswith(mark)), None)
        if mark is None:
            continue
        words, below = [line.removeprefix("# ")], number + 1
        while below < len(lines) and lines[below].startswith("# ") and not lines[below].startswith((GUESS, TODO)):
            words.append(lines[below].removeprefix("# "))
            below += 1
        found.append((below + 1, lines[below], " ".join(words)))
    return tuple(found)


def folder_expression(folder: Path, module: Path) -> str:
    """Return the Python expression of a folder, from a module's own file where they share a drive."""
    here = module.parent
    for up, parent in enumerate((here, *here.parents)):
        if folder.is_relative_to(parent):
            base = f"Path(__file__).resolve().parent{f's[{up}]' if up else ''}"
            parts = folder.relative_to(parent).parts
            return " / ".join([base, *map(_quoted, parts)])
    return f"Path({_quoted(str(folder))})"
