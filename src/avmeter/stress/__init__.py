"""Known damage to clips, and the suite that measures how metrics react to it."""
