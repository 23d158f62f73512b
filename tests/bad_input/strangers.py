"""Strange cases that are no worse for it: each passes, and leaves nothing behind."""

from __future__ import annotations

from .workspace import Hazard

_NET = """
from tiny import Scale
class Net(Scale):
    pass
"""
_RAISES = 'raise ImportError("this file must not be imported")\n'
_BOTH = """
{setup}
class Case(_Tiny):
    def tf1(self, inputs, training):
        disturb()
        return super().tf1(inputs, training)
    def tf2(self):
        disturb()
        return super().tf2()
"""


def _disturbing(name: str, body: str) -> Hazard:
    """Return a case that calls `disturb` on both sides."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return Hazard(name, _BOTH.format(setup=f"def disturb():\n{lines}"), outcome="passed")


STRANGERS = (
    _disturbing("changes_directory", "os.chdir('/')"),
    _disturbing("loses_its_directory", "import tempfile\npath = tempfile.mkdtemp()\nos.chdir(path)\nos.rmdir(path)"),
    _disturbing("forgets_its_module", "del sys.modules[__name__]"),
    _disturbing("replaces_streams", "import io\nsys.stdout = None\nsys.stderr = io.StringIO()"),
    _disturbing("closes_streams", "sys.stdout.close()\nsys.stderr.close()"),
    Hazard(
        "closes_output",
        """
        class Loud(Scale):
            def call(self, inputs, training=False):
                print("still here")
                return super().call(inputs)
        class Case(_Tiny):
            def tf1(self, inputs, training):
                os.close(1)
                return super().tf1(inputs, training)
            def tf2(self):
                os.close(1)
                os.close(2)
                return Loud(name="scale")
        """,
        outcome="passed",
    ),
    _disturbing("closes_everything", "os.closerange(0, 256)\nopen('/dev/null')"),
    _disturbing(
        "ignores_signals",
        "import signal\nfor name in ('TERM', 'INT', 'HUP', 'USR1', 'CHLD', 'ALRM', 'PIPE'):\n"
        "    signal.signal(getattr(signal, 'SIG' + name), signal.SIG_IGN)",
    ),
    _disturbing(
        "leaves_a_thread", "import threading\nthreading.Thread(target=threading.Event().wait, daemon=False).start()"
    ),
    _disturbing("registers_at_exit", "import atexit\natexit.register(os._exit, 9)"),
    _disturbing("forks_and_returns", "os.fork()"),
    _disturbing("forks_and_raises", "if not os.fork():\n    raise SystemExit(4)"),
    _disturbing("forks_and_exits", "pid = os.fork()\nif not pid:\n    os._exit(3)\nos.waitpid(pid, 0)"),
    _disturbing("forks_and_stays", "import time\nif not os.fork():\n    time.sleep(3600)"),
    _disturbing(
        "starts_a_daemon",
        "import time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n        time.sleep(3600)",
    ),
    _disturbing("starts_a_session", "import subprocess\nsubprocess.Popen(['sleep', '3600'], start_new_session=True)"),
    _disturbing("uses_a_pool", "import multiprocessing\nwith multiprocessing.Pool(1) as pool:\n    pool.map(abs, [1])"),
    Hazard(
        "resets_graph_at_import",
        "tf.compat.v1.reset_default_graph()\nclass Case(_Tiny):\n    pass\n",
        outcome="passed",
    ),
    Hazard(
        "swallows_the_refusal",
        """
        try:
            tf.compat.v1.disable_v2_behavior()
        except Exception:
            pass
        class Case(_Tiny):
            pass
        """,
        outcome="passed",
    ),
    Hazard(
        "legacy_inside_tf1",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                import old_net
                return old_net.forward(inputs)
        """,
        outcome="passed",
        files={
            "old_net.py": """
                import tensorflow.compat.v1 as tf
                tf.disable_v2_behavior()
                def forward(inputs):
                    return tf.matmul(inputs, tf.get_variable("w", [2, 2], initializer=tf.ones_initializer()))
                """
        },
    ),
    # Beside the case, and in the workspace itself.
    Hazard(
        "beside_impostors",
        "import colorsys\nclass Case(_Tiny):\n    pass\n",
        outcome="passed",
        folder="impostors",
        files={
            f"{folder}{name}": _RAISES
            for folder in ("", "impostors/")
            for name in ("tensorflow/__init__.py", "tf_equivalence/__init__.py", "json.py", "numpy.py", "colorsys.py")
        },
    ),
    Hazard(
        "relative",
        """
        from ..net import Net
        from . import sibling
        class Case(_Tiny):
            def tf2(self):
                return Net(name=sibling.NAME)
        """,
        outcome="passed",
        folder="package/checks",
        files={
            "package/__init__.py": "",
            "package/net.py": _NET,
            "package/checks/__init__.py": "",
            "package/checks/sibling.py": "NAME = 'scale'\n",
        },
    ),
    Hazard("größe_模型", "class Case(_Tiny):\n    pass\n", outcome="passed", folder="modèles ünd 网"),
    Hazard("with spaces & 'quotes', 100%", "class Case(_Tiny):\n    pass\n", outcome="passed"),
    _disturbing("prints_100_mb", "for _ in range(100):\n    os.write(1, (b'x' * 79 + b'\\n') * 12500)"),
    _disturbing("prints_100_mb_in_one_line", "for _ in range(100):\n    os.write(2, b'y' * 1000000)"),
)

_COMMANDS = r"""
LINES = [
    "::error::pwned",
    "::error file=README.md,line=1::pwned",
    "::add-mask::e",
    "::stop-commands::pwned-pwned-pwned",
    "   ::warning::pwned",
    "text ##[error]pwned",
    "##[command]pwned",
    "::set-output name=x::pwned",
    "\r::error::pwned",
    "\x1b[2J\x1b[1;1H::error::pwned",
    "\x85::error::pwned\u2028::error::pwned\x0b::error::pwned\x0c::error::pwned",
    "<script>alert(1)</script> ]]> &",
]
"""

HOSTILE = (
    Hazard(
        "prints_commands",
        _COMMANDS
        + """
print("\\n".join(LINES))
class Case(_Tiny):
    def tf1(self, inputs, training):
        print("\\n".join(LINES), file=sys.stderr)
        os.write(1, "\\n".join(LINES).encode())
        return super().tf1(inputs, training)
""",
        outcome="passed",
    ),
    Hazard(
        "prints_bytes",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                os.write(1, bytes(range(256)) + b"\\n\\xff\\xfe::error::pwned\\n\\xed\\xa0\\x80\\x00")
                print("lone \\ud800 surrogate, noncharacter \\uffff")
                return super().tf1(inputs, training)
        """,
        outcome="passed",
    ),
    Hazard(
        "prints_secrets",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                print(sorted(os.environ.items()))
                return super().tf1(inputs, training)
        """,
        outcome="passed",
    ),
    Hazard(
        "raises_commands",
        _COMMANDS
        + """
class Case(_Tiny):
    def tf1(self, inputs, training):
        raise ValueError("\\n".join(LINES))  # BAD
""",
        ("tf1() raised ValueError",),
    ),
    Hazard(
        "raises_bytes",
        """
        class Case(_Tiny):
            def tf2(self):
                raise ValueError("lone \\ud800 surrogate, noncharacter \\uffff, NUL \\x00, bell \\x07")  # BAD
        """,
        ("tf2() raised ValueError", "surrogate"),
    ),
    Hazard(
        "raises_megabytes",
        """
        class Case(_Tiny):
            def tf2(self):
                raise ValueError("long " * 1000000)  # BAD
        """,
        ("tf2() raised ValueError: long long",),
    ),
    Hazard(
        "raises_what_cannot_be_shown",
        """
        class Odd(Exception):
            def __str__(self):
                raise RuntimeError("not even this")
        class Case(_Tiny):
            def tf2(self):
                raise Odd  # BAD
        """,
        ("tf2() raised Odd",),
    ),
    Hazard(
        "names_commands",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                return {"\\n::error::pwned": super().tf1(inputs, training), "##[error]pwned": inputs}
            def tf2(self):
                return Named(name="scale")
        class Named(Scale):
            def call(self, inputs, training=False):  # BAD
                return {"\\n::error::other": tf.matmul(inputs, self.w)}
        """,
        ("TF1 returns the output",),
        outcome="diverged",
    ),
    Hazard(
        "skips_with_commands",
        """
        class Case(_Tiny):
            skip = {"constant-weights": "no\\n::error::pwned\\n##[error]pwned"}
        """,
        outcome="skipped",
    ),
    Hazard("line\n::error::pwned", "import nobody_has_this  # BAD\nclass Case(_Tiny):\n    pass\n", whole=True),
)

TRAINING = (
    Hazard(
        "no_training_argument",
        """
        class Plain(Scale):
            def call(self, inputs):
                return tf.matmul(inputs, self.w)
        class Case(_Tiny):
            def tf2(self):
                return Plain(name="scale")
        """,
        outcome="passed",
    ),
    Hazard(
        "training_argument_missed",
        """
        class Plain(Scale):
            def call(self, inputs):  # BAD
                return tf.matmul(inputs, self.w)
        class Case(_Tiny):
            def tf1(self, inputs, training):
                return super().tf1(inputs, training) * (2.0 if training else 1.0)
            def tf2(self):
                return Plain(name="scale")
        """,
        ("takes no `training` argument",),
        outcome="diverged",
    ),
)
