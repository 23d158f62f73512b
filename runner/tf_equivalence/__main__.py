"""`python -m tf_equivalence` is the command `tf-equivalence`."""

import sys

from tf_equivalence.cli import main

if __name__ == "__main__":
    sys.exit(main())
