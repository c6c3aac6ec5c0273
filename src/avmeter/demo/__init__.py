"""A demonstration without data: clips rendered on the spot, damaged and scored."""
