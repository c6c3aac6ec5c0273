"""`python -m avmeter`: the command line."""

from avmeter.cli import main

main()
