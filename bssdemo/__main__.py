"""`python -m bssdemo`."""

import sys

from bssdemo.cli import main

sys.exit(main(sys.argv[1:]))
