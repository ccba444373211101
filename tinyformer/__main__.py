"""`python -m tinyformer`: see cli.py."""

import sys

if __name__ == "__main__":
    try:
        from tinyformer.cli import main
        sys.exit(main())
    except KeyboardInterrupt:                                  # before `main` could say so itself
        sys.exit(130)
