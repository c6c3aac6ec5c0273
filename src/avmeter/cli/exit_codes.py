"""How a command ends; usage errors end with 2, signals with 128 and their number (`interrupts.py`)."""

EXIT_SKIPPED = 1
"""Done, but `--strict` and something was skipped; or a check found something."""
EXIT_USAGE = 2
EXIT_NOTHING = 3
"""Nothing could be scored, or two runs say nothing about which is better."""
