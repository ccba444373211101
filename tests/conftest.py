"""Every run of the tests is the same run: hypothesis draws the same examples each time, and keeps no memory of them.

A shell starts what runs in its background deaf to Ctrl-C, and so would be every command that a test interrupts.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, max_examples=40, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
