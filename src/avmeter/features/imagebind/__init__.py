"""ImageBind's towers: sound, video and text in one space."""

PREFIX = "imagebind_"
