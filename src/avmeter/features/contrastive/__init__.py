"""Images, videos and texts in one space: CLIP and ViCLIP."""

PREFIX = ""
