"""Large sets with an extractor that costs nothing: seconds and memory of everything around the networks.

    python bench/bench_scale.py run --samples 100000 [--wav]
    python bench/bench_scale.py store --rows 1000000 [--dim 1]
    python bench/bench_scale.py exchange --rows 100000 [--dim 768]
    python bench/bench_scale.py kill --samples 20000

`run` plans a table, scores it with rows written as they come, writes the run folder and the page, and opens the page
in Chromium where there is one. `--wav` scores files of 0.05 s in place of texts. `store` fills a store, looks every
key up, and reads every feature. `exchange` brings the halves of a set, in the stores of two nodes, together. `kill`
ends a run at nine tenths, counts the rows that it leaves, and runs it again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avmeter import EvalResults
from avmeter.engine.plan import make_plan
from avmeter.engine.store import FeatureKey, SqliteStore
from avmeter.engine.store.database import connect, write
from avmeter.engine.store.encoding import encode_features
from avmeter.engine.store.exchange import copy_features
from avmeter.evaluator import Evaluator
from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.manifest import samples_from_inputs
from avmeter.media import AudioSpec
from avmeter.metrics.base import Metric, Need
from avmeter.registry import register, register_extractor
from avmeter.report import write_report
from avmeter.result import MetricResult
from avmeter.run import RunJournal, read_run
from avmeter.sample import as_samples

RATE = 8000
MIB = 1 << 20


class _Mean(WindowExtractor):
    """Mean of a window, of one number for each sample or character."""

    def options(self) -> dict[str, Any]:
        return {}

    def weights(self) -> tuple[str, ...]:
        return ()

    def load(self, runtime: Any) -> None:
        pass

    def forward(self, batch: Any) -> Any:
        return {"mean": batch["x"]}

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        return Features(arrays={"embedding": np.asarray(outputs[0]["mean"], np.float32)})


@register_extractor("bench_text")
class TextLength(_Mean):
    """Length of a text."""

    takes = "text"

    def windows(self, media: Any) -> Any:
        yield Window(inputs={"x": np.float32([len(media)])})


@register_extractor("bench_sound")
class Level(_Mean):
    """Mean level of a clip."""

    takes = "audio"

    def windows(self, media: Any) -> Any:
        yield Window(inputs={"x": np.float32([np.abs(media.audio(AudioSpec(sample_rate=RATE))).mean()])})


class _BenchMetric(Metric):
    direction = "higher"
    field: str
    extractor: str

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="x", field=self.field, extractor=self.extractor),)

    def score(self, sample: Any, features: Any) -> MetricResult:
        return MetricResult(self.name, float(features["x"]["embedding"][0]), {"note": "a detail", "count": 3})


@register("bench.text")
class TextMetric(_BenchMetric):
    """Length of the prompt."""

    field, extractor = "text_prompt", "bench_text"


@register("bench.sound")
class SoundMetric(_BenchMetric):
    """Level of the sound."""

    field, extractor = "audio", "bench_sound"


def resident_mib() -> float:
    """Return the resident memory of this process, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Return the result of a call, and print its seconds, those of the processor, and the memory afterwards."""
    started, used = time.perf_counter(), time.process_time()
    result = call()
    seconds, own = time.perf_counter() - started, time.process_time() - used
    print(f"{what}: {seconds:.2f} s ({own:.2f} s of the processor), {resident_mib():.0f} MiB", flush=True)
    return result


def write_files(folder: Path, count: int) -> Path:
    """Write files of 0.05 s, no two alike, and a table of them."""
    rng = np.random.default_rng(0)
    lines = ["id,audio,text_prompt,speaker"]
    for i in range(count):
        with wave.open(str(folder / f"{i:07}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(rng.integers(-9000, 9000, RATE // 20, dtype=np.int16).tobytes())
        lines.append(f"clip{i:07},{i:07}.wav,prompt number {i} of a dog that barks,{i % 7}")
    table = folder / "set.csv"
    table.write_text("\n".join(lines))
    return table


def texts(count: int) -> list[dict[str, str]]:
    """Return samples that have a text alone."""
    return [
        {"id": f"clip{i:07}", "text_prompt": f"prompt number {i} of a dog that barks", "speaker": str(i % 7)}
        for i in range(count)
    ]


def bench_run(count: int, *, wav: bool) -> None:
    """Plan, score, write and open a set."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_files(folder, count) if wav else None
        metric = "bench.sound" if wav else "bench.text"
        evaluator = Evaluator([metric], "cpu", store=folder / "store")
        print(f"{count} samples, {metric}; at the start {resident_mib():.0f} MiB")
        rows: Any = texts(count) if table is None else timed("table read", lambda: samples_from_inputs([table]))
        samples = timed("samples checked", lambda: as_samples(rows))
        planned = timed("requests planned", lambda: len(make_plan(samples, evaluator.metrics, {}).requests))
        assert planned == count
        print(f"with the samples {resident_mib():.0f} MiB")
        results = run(evaluator, samples, folder / "run", "scored, rows written as they come")
        run(evaluator, samples, folder / "again", "scored again, all from the store")
        timed("run folder written", lambda: results.write(folder / "run"))
        page = timed("page written", lambda: write_report(results, folder / "run"))
        print(f"page of {page.stat().st_size / MIB:.2f} MiB; {open_page(page)}")


def run(evaluator: Evaluator, samples: list[Any], out: Path, what: str) -> EvalResults:
    """Score with a journal, and print the memory at every tenth."""
    seen: list[float] = []
    done = 0
    with RunJournal(out, num_samples=len(samples), provenance={}) as journal:

        def on_rows(part: Any, rows: Any) -> None:
            nonlocal done
            journal.add(part, rows)
            done += len(rows)
            if done >= (len(seen) + 1) * len(samples) // 10:
                seen.append(resident_mib())

        results: EvalResults = timed(what, lambda: evaluator.evaluate(samples, on_rows=on_rows))
        journal.flush()
    files = len(list((out / "unfinished").glob("results-*")))
    per_sample = (seen[-1] - seen[1]) * MIB / (0.8 * len(samples))  # the first tenth loads the writer of tables
    print(f"  MiB at every tenth: {' '.join(f'{m:.0f}' for m in seen)}; {per_sample:.0f} bytes a sample; {files} files")
    return results


def open_page(page: Path) -> str:
    """Return how long a browser takes from the start of loading to a table that is drawn."""
    program = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if program is None:
        return "no Chromium here"
    timing = "<script>document.title = 'ready after ' + Math.round(performance.now()) + ' ms'</script></body>"
    timed_page = page.with_name("timed.html")
    timed_page.write_text(page.read_text("utf-8").replace("</body>", timing), "utf-8")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom"]
        dom = subprocess.run([program, *flags, timed_page.as_uri()], capture_output=True, text=True, check=True).stdout
    return f"Chromium: {dom.partition('<title>')[2].partition('</title>')[0]}"


def bench_store(count: int, dim: int) -> None:
    """Fill a store, look its keys up, and read it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, keys, payload = SqliteStore(folder), made_keys(count), encoded(dim)
        timed(f"{count} features of {len(payload)} bytes written", lambda: fill(store.path, keys, payload))
        num_bytes = store.path.stat().st_size
        print(f"file {num_bytes / MIB:.0f} MiB: {num_bytes / count - len(payload):.0f} bytes a row beside the feature")
        assert timed("every key looked up", lambda: len(store.find(keys))) == count
        found = timed(
            "every feature read", lambda: sum(len(store.get(keys[i : i + 512])) for i in range(0, count, 512))
        )
        assert found == count
        store.close()


def made_keys(count: int) -> list[FeatureKey]:
    """Return keys as of one extractor over files."""
    fingerprint = hashlib.sha256(b"extractor").hexdigest()
    return [FeatureKey(hashlib.sha256(str(i).encode()).hexdigest(), fingerprint) for i in range(count)]


def encoded(dim: int) -> bytes:
    """Return an embedding as it is stored."""
    return encode_features(Features(arrays={"embedding": np.zeros(dim, np.float32)}, facts={"duration_s": 4.0}))


def fill(path: Path, keys: list[FeatureKey], payload: bytes) -> None:
    """Write one payload under all keys."""
    path.parent.mkdir(exist_ok=True)
    database = connect(path, busy_timeout_s=1.0)
    for start in range(0, len(keys), 8192):
        write(database, dict.fromkeys(keys[start : start + 8192], payload))
    database.close()


def bench_exchange(count: int, dim: int) -> None:
    """Copy the stores of two nodes into one, and again when nothing is new; then look every key up there."""
    with tempfile.TemporaryDirectory() as name:
        joint, keys, payload = Path(name, "joint"), made_keys(count), encoded(dim)
        nodes = [Path(name, "node1"), Path(name, "node2")]
        for node, part in zip(nodes, (keys[: count // 2], keys[count // 2 :]), strict=True):
            fill(node / "features.sqlite", part, payload)
        for what in ("copied", "copied again, nothing new"):
            timed(
                f"2 stores of {count // 2} features of {len(payload)} bytes {what}",
                lambda: [copy_features(node, joint) for node in nodes],
            )
        store = SqliteStore(joint)
        assert timed("every key looked up", lambda: len(store.find(keys))) == count
        store.close()


def bench_kill(count: int) -> None:
    """End a run of texts by SIGKILL at nine tenths; count the rows that are left, and run it again."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name, "run")
        process = os.fork()
        if not process:
            score_until_killed(count, out, Path(name, "store"))
        _, status = os.waitpid(process, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        left = read_run(out)
        print(f"{len(left)} of {count} rows are left ({len(left) / count:.1%}); killed at 90 %")
        evaluator = Evaluator(["bench.text"], "cpu", store=Path(name, "store"))
        results = timed("the same command again", lambda: evaluator.evaluate(texts(count)))
        print(f"reads from the store {results.provenance['store_reads']}, computed {results.provenance['computed']}")


def score_until_killed(count: int, out: Path, store: Path) -> None:
    """Score texts with a journal, and end this process when nine tenths of the rows have come."""
    evaluator, done = Evaluator(["bench.text"], "cpu", store=store), 0
    with RunJournal(out, num_samples=count, provenance={}) as journal:

        def on_rows(part: Any, rows: Any) -> None:
            nonlocal done
            journal.add(part, rows)
            done += len(rows)
            if done >= 0.9 * count:
                os.kill(os.getpid(), signal.SIGKILL)

        evaluator.evaluate(texts(count), on_rows=on_rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_run, of_store, of_exchange, of_kill = (commands.add_parser(n) for n in ("run", "store", "exchange", "kill"))
    of_run.add_argument("--samples", type=int, default=100_000)
    of_run.add_argument("--wav", action="store_true")
    of_store.add_argument("--rows", type=int, default=1_000_000)
    of_store.add_argument("--dim", type=int, default=1)
    of_exchange.add_argument("--rows", type=int, default=100_000)
    of_exchange.add_argument("--dim", type=int, default=768)
    of_kill.add_argument("--samples", type=int, default=20_000)
    arguments = parser.parse_args()
    if arguments.command == "run":
        bench_run(arguments.samples, wav=arguments.wav)
    elif arguments.command == "store":
        bench_store(arguments.rows, arguments.dim)
    elif arguments.command == "exchange":
        bench_exchange(arguments.rows, arguments.dim)
    else:
        bench_kill(arguments.samples)


if __name__ == "__main__":
    main()
