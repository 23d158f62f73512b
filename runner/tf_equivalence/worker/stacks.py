from tf_equivalence.stacks import *  # noqa
from tf_equivalence.stacks import library_of, capture, here, to_stack, raw_from_summary, of_exception
