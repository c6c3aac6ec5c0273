"""SyncNet: embeddings of faces and of speech, 25 of each a second."""

PREFIX = "syncnet_"
