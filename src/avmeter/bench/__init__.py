"""How fast metrics are on this machine, where their time goes, and what would change it."""
