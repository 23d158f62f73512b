"""The hazards: modules that cannot be loaded, cases that go wrong when called, and processes that misbehave."""

from __future__ import annotations

from .workspace import Hazard

UNLOADABLE = (
    Hazard("syntax", "x = 1\ndef tf1(:  # BAD\n    pass\n", ("syntax error",), whole=True, bare=True),
    Hazard("indentation", "if True:\nx = 1  # BAD\n", ("syntax error", "indent"), whole=True, bare=True),
    Hazard(
        "missing_module",
        """
        import a_module_that_nobody_has  # BAD
        class Case(_Tiny):
            pass
        """,
        ("No module named 'a_module_that_nobody_has'", "Install it"),
        whole=True,
    ),
    Hazard(
        "missing_name",
        """
        from tiny import Skale  # BAD
        class Case(_Tiny):
            pass
        """,
        ("ImportError", "cannot import name 'Skale'"),
        whole=True,
    ),
    Hazard(
        "raises_at_import",
        """
        def check():
            raise RuntimeError("the licence server is away")  # BAD
        check()
        class Case(_Tiny):
            pass
        """,
        ("RuntimeError", "the licence server is away", "importing equivalence_raises_at_import.py"),
        whole=True,
    ),
    Hazard(
        "syntax_of_another",
        """
        class Case(_Tiny):
            pass
        import broken_helper
        """,
        ("SyntaxError", "broken_helper.py"),
        whole=True,
        files={"broken_helper.py": "x = 1\ny = = 2  # BAD\n"},
    ),
    Hazard(
        "v1_at_import",
        """
        tf.compat.v1.disable_v2_behavior()  # BAD
        class Case(_Tiny):
            pass
        """,
        ("This line turns TF2 behaviour off", "Remove it"),
        whole=True,
    ),
    Hazard(
        "graph_at_import",
        """
        tf.compat.v1.disable_eager_execution()  # BAD
        class Case(_Tiny):
            pass
        """,
        ("This line turns TF2 behaviour off", "Remove it"),
        whole=True,
    ),
    Hazard(
        "v1_in_legacy_module",
        """
        import legacy_net
        class Case(_Tiny):
            pass
        """,
        ("Line 2 of legacy_net.py turns TF2 behaviour off", "Import that module inside tf1()"),
        whole=True,
        files={
            "legacy_net.py": """
                import tensorflow.compat.v1 as tf
                tf.disable_v2_behavior()  # BAD
                """
        },
    ),
    Hazard(
        "no_case",
        "import os  # BAD\n\n\nclass Case:\n    pass\n",
        ("defines no EquivalenceCase",),
        whole=True,
        bare=True,
    ),
    Hazard("nothing", "# only a comment  # BAD\n", ("is empty", "EquivalenceCase"), whole=True, bare=True),
    Hazard(
        "exits_at_import",
        """
        sys.exit(0)  # BAD
        class Case(_Tiny):
            pass
        """,
        ("importing equivalence_exits_at_import.py called sys.exit(0)", "raise an exception"),
        whole=True,
    ),
    Hazard(
        "two_of_one_name",
        """
        class Case(_Tiny):
            pass
        class Case(_Tiny):  # BAD
            pass
        """,
        ("two classes of one name", "rename one"),
        whole=True,
    ),
    Hazard("null_bytes", "x = 1\ny = '\0'  # BAD\n", ("null bytes", "UTF-8"), whole=True, bare=True),
    Hazard("latin1", "x = 1\ny = '\udce9'  # BAD\n", ("cannot be decoded", "0xe9", "UTF-8"), whole=True, bare=True),
)

WRONG_CASES = (
    Hazard(
        "without_tf1",
        """
        from tf_equivalence import ArraySpec, EquivalenceCase
        class Case(EquivalenceCase):  # BAD
            inputs = ArraySpec((3, 2))
            def tf2(self):
                return Scale()
        """,
        ("does not define tf1", "def tf1(self, inputs, training)"),
    ),
    Hazard(
        "without_tf2",
        """
        from tf_equivalence import ArraySpec, EquivalenceCase
        class Case(EquivalenceCase):  # BAD
            inputs = ArraySpec((3, 2))
            def tf1(self, inputs, training):
                return inputs
        """,
        ("does not define tf2", "def tf2(self)"),
    ),
    Hazard(
        "without_inputs",
        """
        class Case(_Tiny):  # BAD
            inputs = None
        """,
        ("`inputs` is not defined", "ArraySpec"),
    ),
    Hazard(
        "inputs_of_objects",
        """
        class Case(_Tiny):  # BAD
            inputs = {"x": object()}
        """,
        ("`inputs` holds object", "ArraySpec", "NumPy array"),
    ),
    Hazard(
        "inputs_of_a_generator",
        """
        class Case(_Tiny):
            def inputs(self, rng):
                return rng.integers(0, 2, 3)  # BAD
        """,
        ("inputs() raised AttributeError", "numpy.random.RandomState", "randint"),
        kind="inputs",
    ),
    Hazard(
        "inputs_raise",
        """
        class Case(_Tiny):
            def inputs(self, rng):
                return self.images  # BAD
        """,
        ("inputs() raised AttributeError", "images"),
    ),
    Hazard(
        "inputs_take_nothing",
        """
        class Case(_Tiny):
            def inputs(self):  # BAD
                return []
        """,
        ("Case.inputs cannot be called as `inputs(rng)`", "def inputs(self, rng)"),
    ),
    Hazard(
        "empty_inputs",
        """
        class Case(_Tiny):  # BAD
            inputs = []
        """,
        ("`inputs` is an empty nest",),
    ),
    Hazard(
        "init_raises",
        """
        class Case(_Tiny):
            def __init__(self):
                raise KeyError("no configuration")  # BAD
        """,
        ("making Case raised KeyError", "no configuration"),
    ),
    Hazard(
        "init_takes_arguments",
        """
        class Case(_Tiny):
            def __init__(self, size):  # BAD
                self.size = size
        """,
        ("Case cannot be made without arguments", "a default"),
    ),
    Hazard(
        "metaclass_raises",
        """
        class Meta(type):
            def __call__(cls):
                raise ValueError("no instances today")  # BAD
        class Case(_Tiny, metaclass=Meta):
            pass
        """,
        ("no instances today",),
    ),
    Hazard(
        "tf1_raises",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                return inputs.no_such_attribute  # BAD
        """,
        ("tf1() raised AttributeError", "no_such_attribute"),
    ),
    Hazard(
        "tf1_none",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):  # BAD
                super().tf1(inputs, training)
        """,
        ("tf1()", "returned no outputs (None)", "return the tensors"),
    ),
    Hazard(
        "tf1_object",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):  # BAD
                return object()
        """,
        ("tf1()", "returned a object, which is neither a tensor nor a number"),
    ),
    Hazard(
        "tf1_other_graph",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):  # BAD
                with tf.Graph().as_default():
                    return tf.constant(1.0)
        """,
        ("belongs to another graph", "current one"),
    ),
    Hazard(
        "tf1_takes_no_training",
        """
        class Case(_Tiny):
            def tf1(self, inputs):  # BAD
                return super().tf1(inputs, False)
        """,
        ("Case.tf1 cannot be called as `tf1(inputs, training)`", "def tf1(self, inputs, training)"),
    ),
    Hazard(
        "tf1_shapes",
        """
        from tf_equivalence import ArraySpec
        class Case(_Tiny):
            inputs = ArraySpec((3, 5))
            def tf1(self, inputs, training):
                w = tf.compat.v1.get_variable("w", [2, 2])
                return tf.matmul(inputs, w)  # BAD
        """,
        ("tf1() raised ValueError", "Dimensions must be equal", "float32[3, 5]", "`inputs`"),
    ),
    Hazard(
        "tf2_shapes",
        """
        from tf_equivalence import ArraySpec
        class Narrow(Scale):
            def call(self, inputs, training=False):
                return tf.matmul(inputs[:, :1], self.w)  # BAD
        class Case(_Tiny):
            def tf2(self):
                return Narrow(name="scale")
        """,
        ("calling the TF2 model raised InvalidArgumentError", "Matrix size-incompatible", "float32[3, 2]", "`inputs`"),
    ),
    Hazard(
        "tf2_raises",
        """
        class Case(_Tiny):
            def tf2(self):
                return Scale(units=3)  # BAD
        """,
        ("tf2() raised", "units"),
    ),
    Hazard(
        "tf2_class",
        """
        class Case(_Tiny):
            def tf2(self):  # BAD
                return Scale
        """,
        ("tf2() returned the class Scale", "Scale()"),
    ),
    Hazard(
        "tf2_none",
        """
        class Case(_Tiny):
            def tf2(self):  # BAD
                Scale()
        """,
        ("tf2() returned nothing", "return the migrated layer, model or module"),
    ),
    Hazard(
        "tf2_not_callable",
        """
        class Case(_Tiny):
            def tf2(self):  # BAD
                return 3
        """,
        ("tf2() returned an object of type int, which cannot be called",),
    ),
    Hazard(
        "tf2_no_variables_attribute",
        """
        class Case(_Tiny):
            def tf2(self):  # BAD
                return lambda inputs, training: inputs
        """,
        ("tf2() returned an object of type function without `variables`", "tf.Module"),
    ),
    Hazard(
        "tf2_no_variables",
        """
        class Empty(tf.keras.layers.Layer):
            def call(self, inputs, training=False):  # BAD
                return inputs
        class Case(_Tiny):
            def tf2(self):
                return Empty()
        """,
        ("owns no variables after its first call", "attributes of `self`"),
    ),
    Hazard(
        "tf2_call_none",
        """
        class Quiet(Scale):
            def call(self, inputs, training=False):  # BAD
                tf.matmul(inputs, self.w)
        class Case(_Tiny):
            def tf2(self):
                return Quiet(name="scale")
        """,
        ("the TF2 model", "returned no outputs (None)", "return the tensors"),
    ),
    Hazard(
        "another_structure",
        """
        class Named(Scale):
            def call(self, inputs, training=False):  # BAD
                return {"logits": tf.matmul(inputs, self.w)}
        class Case(_Tiny):
            def tf1(self, inputs, training):
                return (super().tf1(inputs, training),)
            def tf2(self):
                return Named(name="scale")
        """,
        ("TF1 returns the output '0', TF2 does not", "'logits'", "Return the same structure"),
        outcome="diverged",
        kind="output-missing",
    ),
    Hazard(
        "unknown_step",
        """
        class Case(_Tiny):  # BAD
            skip = {"random-inferrence": "too slow"}
        """,
        ("'random-inferrence', which does not exist", "did you mean 'random-inference'?"),
        kind="unknown-step",
    ),
    Hazard(
        "unknown_glob",
        """
        from tf_equivalence import Tolerance
        class Case(_Tiny):  # BAD
            tolerance = {"logit*": Tolerance(1e-3, 0), "*": Tolerance(1e-6, 1e-5)}
        """,
        ("tolerance glob 'logit*' matches no output", "choose among 'output'"),
        kind="tolerance-glob",
    ),
    Hazard(
        "unknown_preset",
        """
        class Case(_Tiny):  # BAD
            tolerance = "loose"
        """,
        ("tolerance = 'loose' is no preset", "'measured'", "Tolerance(rtol, atol)"),
        kind="tolerance",
    ),
    Hazard(
        "tolerance_of_numbers",
        """
        class Case(_Tiny):  # BAD
            tolerance = {"*": 1e-3}
        """,
        ("Case.tolerance = {'*': 0.001} must be", "Tolerance(rtol, atol)"),
    ),
    Hazard(
        "tolerance_raises",
        """
        from tf_equivalence import Tolerance
        class Case(_Tiny):
            tolerance = Tolerance(-1, 0)  # BAD
        """,
        ("Tolerance: rtol must be finite and not negative",),
        whole=True,
    ),
    Hazard(
        "skip_is_a_list",
        """
        class Case(_Tiny):  # BAD
            skip = ["constant-weights"]
        """,
        ("Case.skip = ['constant-weights'] must be a mapping", "the reason"),
    ),
)

MISBEHAVING = (
    Hazard(
        "exits_0",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                sys.exit(0)  # BAD
        """,
        ("tf1() called sys.exit(0)", "Return to the runner"),
    ),
    Hazard(
        "exits_1",
        """
        class Case(_Tiny):
            def tf2(self):
                sys.exit("no GPU")  # BAD
        """,
        ("tf2() called sys.exit('no GPU')", "Return to the runner"),
    ),
    Hazard(
        "leaves_0",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                os._exit(0)  # BAD
        """,
        ("tf1() called os._exit(0)", "raise an exception"),
    ),
    Hazard(
        "leaves_3",
        """
        class Case(_Tiny):
            def tf2(self):
                os._exit(3)  # BAD
        """,
        ("tf2() called os._exit(3)", "Return to the runner"),
    ),
    Hazard(
        "leaves_at_import",
        """
        os._exit(0)  # BAD
        class Case(_Tiny):
            pass
        """,
        ("importing equivalence_leaves_at_import.py called os._exit(0)", "raise an exception"),
        whole=True,
    ),
    Hazard(
        "segfaults",
        """
        import ctypes
        class Case(_Tiny):
            def tf2(self):
                ctypes.string_at(0)  # BAD
        """,
        ("tf2()", "SIGSEGV", "native code crashed", "extension module"),
    ),
    Hazard(
        "aborts",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                os.abort()  # BAD
        """,
        ("tf1()", "SIGABRT", "--log-level debug"),
    ),
    Hazard(
        "killed",
        """
        import signal
        class Case(_Tiny):
            def tf2(self):  # BAD
                os.kill(os.getpid(), signal.SIGKILL)
        """,
        ("tf2()", "SIGKILL", "memory", "smaller inputs or fewer --jobs"),
    ),
    Hazard(
        "memory_error",
        """
        import numpy as np
        class Case(_Tiny):
            def inputs(self, rng):
                return np.ones((1 << 40, 1 << 18))  # BAD
        """,
        ("Unable to allocate", "smaller", "--jobs"),
    ),
    Hazard(
        "hangs",
        """
        import time
        class Case(_Tiny):
            def tf1(self, inputs, training):
                while True:
                    time.sleep(60)  # BAD
        """,
        ("tf1() was still running after 8 s", "--timeout"),
    ),
    Hazard(
        "hangs_at_import",
        """
        import threading
        threading.Event().wait()  # BAD
        class Case(_Tiny):
            pass
        """,
        ("importing equivalence_hangs_at_import.py was still running after 8 s", "--timeout"),
        whole=True,
    ),
    Hazard(
        "exits_in_a_finally",
        """
        class Leaving(Scale):
            def call(self, inputs, training=False):
                try:
                    return super().call(inputs)
                finally:
                    sys.exit(2)  # BAD
        class Case(_Tiny):
            def tf2(self):
                return Leaving(name="scale")
        """,
        ("calling the TF2 model called sys.exit(2)",),
    ),
    Hazard(
        "kills_its_group",
        """
        import signal
        class Case(_Tiny):
            def tf1(self, inputs, training):
                os.killpg(0, signal.SIGTERM)  # BAD
        """,
        ("tf1()", "SIGTERM", "look for what does"),
    ),
    Hazard(
        "raises_keyboard_interrupt",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                raise KeyboardInterrupt  # BAD
        """,
        ("tf1() raised KeyboardInterrupt",),
    ),
    Hazard(
        "resets_graph",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                tf.compat.v1.reset_default_graph()  # BAD
                return super().tf1(inputs, training)
        """,
        ("tf1() raised AssertionError", "remove the call"),
    ),
    Hazard(
        "variables_raise",
        """
        class Odd(tf.Module):
            @property
            def variables(self):
                raise RuntimeError("call build() first")  # BAD
            def __call__(self, inputs, training):
                return inputs
        class Case(_Tiny):
            def tf2(self):
                return Odd()
        """,
        ("call build() first",),
    ),
    Hazard(
        "leaves_in_a_thread",
        """
        import threading
        class Case(_Tiny):
            def tf1(self, inputs, training):
                thread = threading.Thread(target=leave)
                thread.start()
                thread.join()
        def leave():
            os._exit(0)  # BAD
        """,
        ("tf1() called os._exit(0)",),
    ),
    Hazard(
        "recursion",
        """
        class Case(_Tiny):
            def tf1(self, inputs, training):
                return self.tf1(inputs, training)  # BAD
        """,
        ("tf1() raised RecursionError",),
    ),
)
