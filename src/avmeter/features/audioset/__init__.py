"""Networks trained on AudioSet: embeddings and class logits of sound."""

PREFIX = ""
