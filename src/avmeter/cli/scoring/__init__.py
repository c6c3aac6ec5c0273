"""The steps of `avmeter score`: what was asked, what is scored with what, running, writing."""
