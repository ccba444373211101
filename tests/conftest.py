"""Every run of the tests is the same run: hypothesis draws the same examples each time, and keeps no memory of them."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, max_examples=40, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
