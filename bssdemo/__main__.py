"""`python -m bssdemo`."""

import sys

from bssdemo.commands.main import main

sys.exit(main(sys.argv[1:]))
