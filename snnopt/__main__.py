"""``python -m snnopt``: the command line."""

import sys

from snnopt.cli import main

sys.exit(main())
