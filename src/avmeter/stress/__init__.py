"""Known damage in, measured reaction out: does a metric react to what it claims to measure?"""
