"""`python -m tinyformer`: see cli.py."""

import sys

from tinyformer.cli import main

if __name__ == "__main__":
    sys.exit(main())
