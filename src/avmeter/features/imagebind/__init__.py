"""ImageBind's towers: sound, picture and text in one space."""

PREFIX = "imagebind_"
