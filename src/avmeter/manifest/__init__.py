"""From what people have (files, folders, tables, datasets) to the dicts of samples."""

from avmeter.manifest.arguments import samples_from
from avmeter.manifest.columns import parse_columns
from avmeter.manifest.dataset import from_dataset
from avmeter.manifest.identical import identical_pairs
from avmeter.manifest.inputs import samples_from_inputs
from avmeter.manifest.pairing import Pairing, parse_pairing
from avmeter.manifest.prompt_table import Prompts, read_prompts
from avmeter.manifest.prompts import attach_prompts
from avmeter.manifest.reference_videos import with_reference_videos
from avmeter.manifest.report import ManifestWarning, PairingReport, PairingWarning
from avmeter.manifest.sample_list import SampleList
from avmeter.manifest.tables import MANIFEST_EXTENSIONS, read_manifest
from avmeter.manifest.texts import with_texts

__all__ = [
    "MANIFEST_EXTENSIONS",
    "ManifestWarning",
    "Pairing",
    "PairingReport",
    "PairingWarning",
    "Prompts",
    "SampleList",
    "attach_prompts",
    "from_dataset",
    "identical_pairs",
    "parse_columns",
    "parse_pairing",
    "read_manifest",
    "read_prompts",
    "samples_from",
    "samples_from_inputs",
    "with_reference_videos",
    "with_texts",
]
