"""How a command ends: what the shell is told."""

DONE, SOME_FAILED, REFUSED, FAULT, INTERRUPTED = 0, 1, 2, 70, 130
