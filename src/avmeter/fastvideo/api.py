"""One clip, scored once, under the module name that FastVideo has for it."""

from avmeter.fastvideo.evaluator import evaluate

__all__ = ["evaluate"]
