"""FastVideo's training callbacks over avmeter."""
