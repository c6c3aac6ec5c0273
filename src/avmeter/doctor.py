"""Diagnosis of a machine: what it has, what each metric lacks, and known ways in which an environment is broken."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import torch

from avmeter.engine.decode.hardware_check import fault_of
from avmeter.engine.decode.nvdec import Nvdec
from avmeter.engine.store import default_store_folder
from avmeter.errors import MissingDependencyError
from avmeter.files import is_folder
from avmeter.metrics.availability import Availability, check_availability
from avmeter.registry import list_metrics
from avmeter.runtime.environment import Settings, offline_variables
from avmeter.weights import WeightsSource, catalog

_PACKAGES = (
    "avmeter", "torch", "numpy", "av", "soxr", "transformers", "huggingface-hub", "safetensors", "faster-whisper",
    "ctranslate2", "onnxruntime", "jiwer", "opencv-python-headless", "pyarrow",
)  # fmt: skip
_LEAST_FREE_GIB = 2
# Packages that avmeter never imports itself, but that break others when their build does not fit torch.
_FRAGILE = ("torchaudio", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the diagnosis."""

    topic: str
    status: Literal["ok", "note", "problem"]
    text: str
    hint: str = ""


def diagnose() -> list[Finding]:
    """Collect what is worth knowing before a run, without loading a network or touching the internet."""
    return [*_system(), *_weights(), *_packages(), *_fragile_packages(), *_metrics()]


def _system() -> list[Finding]:
    findings = [Finding(topic="python", status="ok", text=f"{platform.python_version()} on {platform.platform()}")]
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            memory = torch.cuda.get_device_properties(i).total_memory / 2**30
            text = f"cuda:{i} {torch.cuda.get_device_name(i)}, {memory:.0f} GiB"
            findings.append(Finding(topic="device", status="ok", text=text))
        findings.append(_hardware_decoder())
    else:
        findings.append(Finding(topic="device", status="note", text=f"no GPU; {os.cpu_count()} CPU cores"))
    findings.append(_store())
    offline = offline_variables()
    if offline:
        findings.append(Finding(topic="network", status="note", text=f"not used: {', '.join(offline)} is set"))
    return findings


def _store() -> Finding:
    """Look at the folder of features, or at where it would be made."""
    folder = default_store_folder()
    try:
        fault = _fault_of(folder)
        existing = next(p for p in (folder, *folder.parents) if is_folder(p))
        if not os.access(existing, os.W_OK | os.X_OK):
            fault = fault or f"no permission to write {existing}"
        free = shutil.disk_usage(existing).free / 2**30
    except OSError as error:
        fault, free = error.strerror or str(error), 0.0
    if fault:
        hint = "name another folder in AVMETER_CACHE"
        return Finding(topic="store", status="problem", text=f"{folder} cannot be used: {fault}", hint=hint)
    status: Literal["ok", "problem"] = "ok" if free > _LEAST_FREE_GIB else "problem"
    return Finding(topic="store", status=status, text=f"{folder}, {free:.0f} GiB free")


def _fault_of(folder: Path) -> str:
    """Return why a folder cannot be looked into, or made; empty where it can be, for all that its name says."""
    try:
        return "" if stat.S_ISDIR(folder.stat().st_mode) else "it is no folder"
    except FileNotFoundError:
        return ""
    except OSError as error:
        return error.strerror or str(error)


def _hardware_decoder() -> Finding:
    """Decode a small clip on the first card."""
    try:
        fault = fault_of(Nvdec(torch.device("cuda:0")))
    except MissingDependencyError as error:
        return Finding(topic="nvdec", status="note", text=error.message, hint=error.hint)
    if fault:
        hint = 'files are decoded by libav; leave out `decoder="nvdec"`'
        return Finding(topic="nvdec", status="problem", text=f"the card cannot decode video: {fault}", hint=hint)
    return Finding(topic="nvdec", status="ok", text='the card decodes video as libav does: `decoder="nvdec"`')


def _weights() -> list[Finding]:
    """Look at the folder of checkpoints, and at the sizes of what is on this machine."""
    findings = []
    folder = Settings.read().folder
    if folder is not None:
        fault = "" if is_folder(folder) else _fault_of(folder) or "there is none of that name"
        text = f"AVMETER_WEIGHTS is {folder}" + (f", which is no folder ({fault})" if fault else "")
        hint = "name a folder of checkpoints in AVMETER_WEIGHTS, or leave it out" if fault else ""
        findings.append(Finding(topic="weights", status="problem" if fault else "ok", text=text, hint=hint))
    source = WeightsSource.parse("auto")
    for name in catalog():
        wrong = source.wrong_sizes(name)
        if wrong:
            findings.append(
                Finding(
                    topic="weights",
                    status="problem",
                    text=f"{name}: not of the catalog's size: {', '.join(wrong)}",
                    hint=f"avmeter weights fetch {name}",
                )
            )
    return findings


def _packages() -> list[Finding]:
    findings = []
    for package in _PACKAGES:
        try:
            findings.append(Finding(topic="package", status="ok", text=f"{package} {version(package)}"))
        except PackageNotFoundError:
            findings.append(Finding(topic="package", status="note", text=f"{package} is not installed"))
    return findings


def _fragile_packages() -> list[Finding]:
    """Find a torchaudio or torchvision that was built for another torch: it breaks `import transformers`."""
    findings = []
    for name in _FRAGILE:
        try:
            if importlib.util.find_spec(name) is None:
                continue
            importlib.import_module(name)
        except (ImportError, OSError, RuntimeError, AttributeError, ValueError) as error:
            findings.append(
                Finding(
                    topic="package",
                    status="problem",
                    text=f"{name} {_version(name)} cannot load beside torch {torch.__version__}: {error}",
                    hint=f"avmeter does not need it, but transformers tries it: `pip uninstall {name}`, or install "
                    f"the build of it that belongs to torch {torch.__version__}",
                )
            )
        else:
            findings.append(Finding(topic="package", status="ok", text=f"{name} {_version(name)} loads"))
    return findings


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(of unknown version)"


def _metrics() -> list[Finding]:
    source = WeightsSource.parse("auto")
    return [_metric(check_availability(name, source)) for name in list_metrics()]


def _metric(found: Availability) -> Finding:
    if found.error is not None:
        is_absent = isinstance(found.error, MissingDependencyError)
        return Finding(
            topic=found.name,
            status="note" if is_absent else "problem",
            text=found.error.message,
            hint=found.error.hint,
        )
    if found.obstacle is not None:
        return Finding(topic=found.name, status="note", text=found.obstacle.reason, hint=found.obstacle.hint)
    if found.missing_variables:
        text = f"{' and '.join(found.missing_variables)} not set: only answers of the feature store have scores"
        return Finding(topic=found.name, status="note", text=text)
    absent = (*found.missing_checkpoints, *found.missing_optional_checkpoints)
    if not absent:
        return Finding(topic=found.name, status="ok", text="ready")
    named = ", ".join(sorted(found.missing_checkpoints or absent))
    text = f"weights not on this machine: {named}" if found.missing_checkpoints else f"ready; without optional {named}"
    return Finding(topic=found.name, status="note", text=text, hint=f"avmeter weights fetch {' '.join(sorted(absent))}")
