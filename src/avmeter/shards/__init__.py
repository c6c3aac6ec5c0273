"""One set scored by several processes that know nothing of each other, as the tasks of a Slurm array do.

Each plans the whole set, scores its part, and writes a run folder with what the corpus metrics have collected. Merged,
the folders are the run that one process would have written, to the bit.
"""

from avmeter.shards.merge import find_shards, merge_shards
from avmeter.shards.score import ScoredShard, ShardPlan, plan_shard, score_shard
from avmeter.shards.shard import Shard

__all__ = ["ScoredShard", "Shard", "ShardPlan", "find_shards", "merge_shards", "plan_shard", "score_shard"]
