"""Draw the images of the gallery from the demonstration's page: `make gallery`, with a headless Chromium."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOTS = {"report.png": (1280, 1000, ()), "report-narrow.png": (500, 900, ()),
         "report-dark.png": (1280, 1000, ("--blink-settings=preferredColorScheme=0",))}  # fmt: skip


def draw(page: Path) -> None:
    """Write one PNG per entry of `SHOTS`: file name, window in CSS pixels, further flags."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("needs a headless Chromium")
    IMAGES.mkdir(exist_ok=True)
    for name, (width, height, flags) in SHOTS.items():
        with tempfile.TemporaryDirectory() as profile:
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                       f"--user-data-dir={profile}", "--virtual-time-budget=4000", f"--window-size={width},{height}",
                       f"--screenshot={IMAGES / name}", *flags, page.resolve().as_uri()]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, help="report.html of a run")
    draw(parser.parse_args().page)
