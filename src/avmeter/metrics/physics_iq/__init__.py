"""Motion of generated videos against filmed takes of the same scene."""
