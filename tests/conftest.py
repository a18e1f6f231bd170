"""What all suites share: how Hypothesis works, and the fixtures of `tests/fixtures`."""

from __future__ import annotations

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.http_servers",
    "tests.fixtures.postgresql",
]

# A busy machine makes no test fail: what an example costs is measured in benchmarks/.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")
