"""Other names of the keys of a sample, for people whose tables exist already."""

from __future__ import annotations

from collections.abc import Mapping

from avmeter.sample import RARE_MEDIA_FIELDS

#: Either `audio` or `video`, whichever the extension of the file says.
CLIP = "clip"

KEYS = (
    "id", "audio", "video", "reference_audio", "reference", "text_prompt", "reference_text", "given_transcript",
    "language", "fps",
    "sample_rate", "role", "audio_stream", "reference_audio_stream", *RARE_MEDIA_FIELDS,
)  # fmt: skip

_NAMES = {
    "id": (
        "name key sample_id clip_id clip_name utt_id utterance_id utt_name utt video_id vid audio_id yt_id youtube_id "
        "file_id item_id segment_id seg_id uid uuid basename stem"
    ),
    CLIP: "clip path clip_path file file_name file_path media media_path generated generated_path gen_path output_path",
    "audio": (
        "audio_path audio_file audio_file_name audio_file_path wav wav_path wav_file wav_name flac_path mp3_path "
        "sound_path sound_file generated_audio generated_audio_path gen_audio gen_audio_path gen_wav gen_wav_path"
    ),
    "video": (
        "video_path video_file video_file_name video_file_path mp4_path mp4_file generated_video generated_video_path "
        "gen_video gen_video_path"
    ),
    "reference": (
        "ref ref_path reference_path reference_file reference_video reference_video_path ref_video ref_video_path "
        "gt_path gt_file gt_video gt_video_path ground_truth_path ground_truth_file ground_truth_video "
        "ground_truth_video_path"
    ),
    "reference_audio": (
        "reference_audio_path reference_audio_file reference_wav reference_wav_path ref_audio ref_audio_path ref_wav "
        "ref_wav_path gt_audio gt_audio_path gt_wav gt_wav_path target_audio "
        "ground_truth_audio ground_truth_audio_path ground_truth_wav"
    ),
    "text_prompt": "prompt caption captions caption_text audio_caption description text_description",
    "reference_text": (
        "transcript transcription reference_transcript sentence target_text gt_text gt_transcript spoken_text "
        "speech_text utterance_text gen_text infer_text"
    ),
    "given_transcript": "hypothesis hyp hyp_text hypothesis_text asr_text asr_transcript asr_transcription",
    "language": "lang language_code lang_code language_id lang_id locale",
    "fps": "frame_rate",
    "sample_rate": "sampling_rate sr",
}

_SPEAKER_PROMPTS = (
    "prompt speaker_prompt speaker_prompt_path spk_prompt prompt_audio prompt_audio_path prompt_wav prompt_wav_path "
    "prompt_path speaker_audio speaker_wav speaker_reference speaker_ref speaker_path enrollment enrollment_audio"
)
_GROUND_TRUTHS = "gt ground_truth target original"
_SPEECH = "utt utt_id utt_name utterance_id speaker speaker_id spk spk_id voice voice_id prompt_text ref_text language"


def spelling(name: str) -> str:
    """Return a column's name without case, separators and signs: `Video ID`, `video-id` and `# videoId` are one."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _spellings(names: str) -> frozenset[str]:
    return frozenset(spelling(name) for name in names.split())


ALIASES: Mapping[str, str] = {
    **{spelling(name): key for key, names in _NAMES.items() for name in names.split()},
    **{spelling(key): key for key in KEYS},
}
"""Spelling of a column's name -> key, for names that mean one thing."""

SPEAKER_PROMPTS = _spellings(_SPEAKER_PROMPTS)
"""Names of columns that mean `reference_audio` where they hold files (`prompt` means `text_prompt` otherwise)."""

GROUND_TRUTHS = _spellings(_GROUND_TRUTHS)
"""Names of columns that mean `reference` where they hold files; they may hold labels and words as well."""

SPEECH_SIGNS = _spellings(_SPEECH) | {spelling(n) for n in _NAMES["language"].split()} | SPEAKER_PROMPTS - {"prompt"}
"""Names of columns that sets of speech have: beside them a column `text` holds what is said."""

MEASURES = _spellings(
    "start start_time start_sec start_seconds end end_time end_sec end_seconds duration length seconds offset "
    "timestamp onset seed score rating width height num_frames frames year size count"
)
"""Names of columns whose numbers measure or count something, and name no clip though one may be called alike."""

TEXT, REFERENCE_TEXT_OF_SPEAKER = "text", "reftext"
"""Names of columns whose meaning depends on the other columns."""
