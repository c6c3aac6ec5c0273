"""What a sample says of itself, as one of the inputs of a question."""

from __future__ import annotations

from avmeter.features.base import ClipExtractor, Features
from avmeter.registry import register_extractor


@register_extractor("judge_words")
class JudgeWords(ClipExtractor):
    """Fact `text`: the text itself."""

    takes = "text"

    def extract(self, media: object) -> Features:
        return Features(facts={"text": str(media)})
