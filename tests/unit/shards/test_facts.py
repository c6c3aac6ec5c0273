"""What must be equal in all shards of a run."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.engine.config import EvaluatorConfig
from avmeter.sample import as_samples
from avmeter.shards.facts import SHARD, comparable_facts, config_facts, describe_differences, hash_of_inputs

ROWS: list[dict[str, Any]] = [{"audio": "a/x.wav", "text_prompt": "a dog"}, {"audio": "a/y.wav", "role": "reference"}]


def test_inputs_are_the_same_under_another_mount_point_and_no_other_way() -> None:
    """Ids, texts, roles, names of files, tracks, extras and order count; folders of files that have an id do not."""
    rows = [{**row, "id": str(i)} for i, row in enumerate(ROWS)]
    same = [{**row, "audio": row["audio"].replace("a/", "/scratch/")} for row in rows]
    assert hash_of_inputs(as_samples(rows)) == hash_of_inputs(as_samples(same))
    others = [
        rows[:1],
        rows[::-1],
        [{**rows[0], "id": "9"}, rows[1]],
        [{**rows[0], "text_prompt": "a cat"}, rows[1]],
        [{**rows[0], "audio": "a/z.wav"}, rows[1]],
        [{**rows[0], "audio_stream": 1}, rows[1]],
        [{**rows[0], "speaker": "b"}, rows[1]],
        [rows[0], {**rows[1], "role": "generated"}],
    ]
    hashes = [hash_of_inputs(as_samples(other)) for other in others]
    assert len({hash_of_inputs(as_samples(rows)), *hashes}) == 1 + len(others)


def provenance(**changes: Any) -> dict[str, Any]:
    """That of a shard."""
    shard = {"count": 3, "num_samples": 9, "inputs": "f" * 64, "metrics": ["audio.wer"], "grouping": {},
             **config_facts(EvaluatorConfig(device="cpu"))}  # fmt: skip
    return {
        SHARD: {**shard, **changes.pop("shard", {})},
        "metrics": {"audio.wer": {"options": {"model_name": "base"}}},
        "weights": {"whisper-base": "abc"},
        "versions": {"avmeter": "0.1.0", "torch": "2.11"},
        "precision": "float32",
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"shard": {"count": 4}}, "number of shards (3 and 4)"),
        ({"shard": {"inputs": "0" * 64}}, "inputs (9 samples with hash ffffffffffff and 9 samples with hash 00000"),
        ({"shard": {"metrics": ["audio.cer"]}}, "metrics (["),
        ({"shard": {"protocol": "av-benchmark"}}, "protocol (fastvideo and av-benchmark)"),
        ({"shard": {"limits": {"max_fps": 1}}}, "limits ("),
        ({"metrics": {"audio.wer": {"options": {"model_name": "small"}}}}, "options of audio.wer ("),
        ({"weights": {"whisper-base": "xyz"}}, "weights of whisper-base (abc and xyz)"),
        ({"weights": {}}, "weights of whisper-base (abc and null)"),
        ({"versions": {"avmeter": "0.1.0", "torch": "2.12"}}, "version of torch (2.11 and 2.12)"),
        ({"precision": "bf16"}, "precision (float32 and bf16)"),
        ({"shard": {"grouping": {"by": ["language"]}}}, "clusters and breakdowns ({} and"),
    ],
)
def test_difference_is_named_with_both_values(changes: dict[str, Any], name: str) -> None:
    """What differs, and nothing else."""
    found = describe_differences(comparable_facts(provenance()), comparable_facts(provenance(**changes)))
    assert len(found) == 1
    assert found[0].startswith(name)


def test_equal_shards_differ_in_nothing() -> None:
    """Times, hosts and devices are not compared."""
    other = provenance(created="later", device="cuda", duration_s=3.0, shard={"index": 2})
    assert describe_differences(comparable_facts(provenance()), comparable_facts(other)) == []
