"""From what people have (files, folders, tables, datasets) to the dicts of samples."""

from avmeter.manifest.dataset import from_dataset
from avmeter.manifest.identical import identical_pairs
from avmeter.manifest.inputs import SampleList, samples_from, samples_from_inputs
from avmeter.manifest.pairing import ManifestWarning, PairingReport, PairingWarning
from avmeter.manifest.prompts import Prompts, attach_prompts, read_prompts
from avmeter.manifest.tables import MANIFEST_EXTENSIONS, read_manifest
from avmeter.manifest.texts import with_texts

__all__ = [
    "MANIFEST_EXTENSIONS",
    "ManifestWarning",
    "PairingReport",
    "PairingWarning",
    "Prompts",
    "SampleList",
    "attach_prompts",
    "from_dataset",
    "identical_pairs",
    "read_manifest",
    "read_prompts",
    "samples_from",
    "samples_from_inputs",
    "with_texts",
]
