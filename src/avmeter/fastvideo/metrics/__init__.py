"""Where FastVideo has its base class of metrics."""
