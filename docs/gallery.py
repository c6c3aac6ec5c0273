"""Draw the images of the gallery from the demonstration's page: `make gallery`, with a headless Chromium."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOTS = {"report.png": (1280, 1000, ()), "report-narrow.png": (400, 720, ()),
         "report-dark.png": (1280, 1000, ("--blink-settings=preferredColorScheme=0",))}  # fmt: skip
NARROWEST = 500
"""No window of Chromium is narrower, CSS pixels; a frame within one is."""


def draw(page: Path) -> None:
    """Write one PNG per entry of `SHOTS`: file name, size of the page in CSS pixels, further flags."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("needs a headless Chromium")
    IMAGES.mkdir(exist_ok=True)
    for name, (width, height, flags) in SHOTS.items():
        with tempfile.TemporaryDirectory() as folder:
            scale = max(1.0, NARROWEST / width)
            shown = page.resolve().as_uri()
            if scale > 1:
                shown = _framed(shown, width, height, scale, Path(folder) / "frame.html")
            window = f"{round(width * scale)},{round(height * scale)}"
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                       f"--user-data-dir={folder}/profile", "--virtual-time-budget=4000", f"--window-size={window}",
                       f"--screenshot={IMAGES / name}", *flags, shown]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, timeout=120)


def _framed(page: str, width: int, height: int, scale: float, out: Path) -> str:
    """Write a page that shows another in a frame of a size, enlarged; return its address."""
    style = f"width:{width}px;height:{height}px;border:0;transform:scale({scale});transform-origin:0 0"
    out.write_text(f'<body style="margin:0;overflow:hidden"><iframe src="{page}" style="{style}"></iframe>')
    return out.as_uri()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, help="report.html of a run")
    draw(parser.parse_args().page)
