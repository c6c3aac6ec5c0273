"""Prompt data sets, under the names that FastVideo has for them."""

from avmeter.fastvideo.datasets.base import BasePromptDataset, PromptDataset, Sample
from avmeter.fastvideo.datasets.registry import get_dataset, list_datasets, register_dataset

__all__ = ["BasePromptDataset", "PromptDataset", "Sample", "get_dataset", "list_datasets", "register_dataset"]
