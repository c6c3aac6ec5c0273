"""Where test data lies, said once: whatever folder a test is in, it asks here."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"
PORTABLE = GOLDEN / "portable"
KEYS = GOLDEN / "keys"
SHARED = ROOT.parent / "shared"  # beside the checkout, not part of it: ask `support.require` before reading
MEDIA = SHARED / "media"
