"""Known damage in, measured reaction out: does a metric react to what it claims to measure?

It damages clips, scores them with an evaluator and judges the metrics. It prints nothing and renders no page.
"""
