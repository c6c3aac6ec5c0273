"""Statistics of frames as they are decoded: of one clip, or of a generated clip against its reference."""

PREFIX = ""
