"""What was understood of files and tables, and everything doubtful about it, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_SHOWN = 8


class ManifestWarning(UserWarning):
    """Something about the input is doubtful; the run goes on."""


class PairingWarning(ManifestWarning):
    """Pairing left something over. `report` has the names."""

    def __init__(self, report: PairingReport) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True, kw_only=True)
class PairingReport:
    """How generated clips found their references and texts.

    Attributes:
        num_generated: Generated clips.
        num_reference: Reference files, of sound and picture together.
        num_paired: Generated clips with at least one reference.
        texts: Key (`text_prompt`, `reference_text`, ...) -> number of clips that a table of prompts gives it.
        texts_by: How the table's rows found their clips: "by column video_id", "by position".
        missing: Generated clips without a reference, though references were given.
        unmatched: References that belong to no generated clip; they become corpus context.
        ambiguous: Generated clips with several references of the same name, none of which has its extension.
        unused: References passed over for another one of the same name.
        duplicates: Groups of generated clips that differ by extension only, each of which is a clip of its own.
        crossed: Clips whose partner or text has the name of another clip.
        ignored: What else lies in the folders.
        without_prompt: Clips that the table of prompts does not name, or whose row has no text.
        unknown_prompts: Names in the table of prompts that fit no clip, or more than one.
        overruled: Clips that have a text of their own, which differs from that of the table of prompts and stays.
        doubts: What may not have been meant, such as a misspelt column; whole sentences.
        left_out: Clips and references without a partner that `paired=True` left out.
        columns_not_used: Columns without a meaning; they are extras of the samples.
        notes: What was decided where a name alone does not say it.
        folders: Names of the clips of each folder, in natural order.
    """

    num_generated: int = 0
    num_reference: int = 0
    num_paired: int = 0
    texts: Mapping[str, int] = field(default_factory=dict)
    texts_by: str = ""
    missing: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    crossed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    without_prompt: tuple[str, ...] = ()
    unknown_prompts: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    columns_not_used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    folders: tuple[tuple[str, ...], ...] = ()

    @property
    def problems(self) -> list[str]:
        """One sentence per kind of problem, with names; empty if all is well."""
        kinds = (
            (self.missing, "without a reference"),
            (self.ambiguous, "with several references of that name, none of which was taken"),
            (self.unused, "passed over for another reference of that name"),
            (self.unmatched, "a reference without a generated clip (kept as context of corpus metrics)"),
            (self.duplicates, "the same name with different extensions (each is scored as a clip of its own)"),
            (self.crossed, "crossed, with a file or text that has the name of another clip"),
            (self.without_prompt, "without a text in the table of prompts"),
            (self.unknown_prompts, "in the table of prompts that match no clip, or several"),
            (self.overruled, "with a text of its own, which stays, and another one in the table of prompts"),
        )
        return [*(f"{len(names)} {text}: {listed(names)}" for names, text in kinds if names), *self.doubts]

    @property
    def has_more_than_a_clip(self) -> bool:
        """False for a single clip by itself, about which there is nothing to understand."""
        return self.lines() != [_counted(1, "clip")]

    def lines(self) -> list[str]:
        """Return a short block that says what was understood, to be read before a run.

        `12 clips; 12 of 12 captions by column video_id; 11 references, missing for: b; columns not used: start_time`
        """
        parts = [_counted(self.num_generated, "clip")]
        parts += [part for part in (self._texts_part(), self._references_part()) if part]
        if self.left_out:
            parts.append(f"left out, without a partner: {listed(self.left_out)}")
        if self.columns_not_used:
            parts.append(f"columns not used: {listed(list(dict.fromkeys(self.columns_not_used)))}")
        return ["; ".join(parts), *dict.fromkeys(self.notes)]

    def _texts_part(self) -> str:
        words = {"text_prompt": "captions", "reference_text": "transcripts", "reference_audio": "references of sound",
                 "reference": "references"}  # fmt: skip
        counts = {words[k]: n for k, n in self.texts.items() if n}
        if not counts:
            return ""
        listed = ", ".join(f"{n} of {self.num_generated} {what}" for what, n in counts.items())
        return f"{listed} {self.texts_by}".strip()

    def _references_part(self) -> str:
        if not self.num_reference:
            return ""
        spare = f", {len(self.unmatched)} without a clip" if self.unmatched else ""
        absent = [*self.missing, *self.ambiguous]
        missing = f", missing for: {listed(absent)}" if absent else ""
        return f"{_counted(self.num_paired, 'reference')}{spare}{missing}"

    def __str__(self) -> str:
        head = f"{self.num_generated} generated clips"
        if self.num_reference or self.missing:
            head += f" and {self.num_reference} references, {self.num_paired} paired"
        return "\n  ".join([head, *self.problems])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
