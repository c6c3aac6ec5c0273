"""Settings that hold for all tests."""

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("avmeter", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("avmeter")
