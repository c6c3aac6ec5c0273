"""How a command ends; usage errors end with 2, signals with 128 and their number (`interrupts.py`)."""

EXIT_SKIPPED = 1
"""Done, but `--strict` and something was skipped; or a check found something."""
EXIT_USAGE = 2
EXIT_NOTHING = 3
"""Nothing could be scored, or two runs say nothing about which is better."""
EXIT_UNSCORED = 4
"""Scored, but a metric that was named has no score at all."""
EXIT_FAILED_CONDITION = 5
"""A condition of `--fail-if` holds, or says nothing as there is no score."""
