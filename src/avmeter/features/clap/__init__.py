"""CLAP: embeddings of sound and of text in one space."""

PREFIX = "clap_"
