"""No test depends on how fast the machine is: hypothesis does not time examples, nor the making of them."""

from hypothesis import HealthCheck, settings

settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")
