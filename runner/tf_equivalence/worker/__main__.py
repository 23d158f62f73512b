"""Entry of the worker server: `python -m tf_equivalence.worker DESCRIPTOR`."""

import sys

from tf_equivalence.worker.server import serve

if __name__ == "__main__":
    serve(int(sys.argv[1]))
