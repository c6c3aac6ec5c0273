"""A vision-language model behind an endpoint: what it answers about the images of a clip."""

PREFIX = "judge_"
