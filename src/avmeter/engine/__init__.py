"""Running a plan: what is to be computed, by whom, and what has been computed before.

Flat files say what (plan, configuration, store, provenance, feature table); rooms say how: `ipc` (other processes),
`decode` (clips to windows), `compute` (windows to features), `executors` (samples to scores, and where).
It knows extractors and metrics by their contracts alone.
"""
