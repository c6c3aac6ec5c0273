"""Networks that sets of sounds are compared by, beside those trained on AudioSet."""

PREFIX = ""
