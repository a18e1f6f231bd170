"""The API is what /openapi.json says: whatever is asked, no 5xx, and every answer as documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from driftline.service.api import api
from driftline.service.listening import Address, Http, listening_socket, url_of

if TYPE_CHECKING:
    from tests.log.conftest import Site

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(open_sites: Callable[..., Site]) -> Iterator[Any]:
    """The schema of a real server whose log has rows already."""
    site = open_sites(api={"requests_per_second": 100_000})
    for i in range(3):
        rows = [{"ts": "2024-03-01T12:00:00Z", "id": f"{i}", "late": True, "amount": 1.5}]
        assert site.post("predictions", rows).status_code == 202
    with listening_socket(Address("127.0.0.1", 0)) as listening:
        http = Http(api(site.settings, site.store, site.log), listening)
        http.start()
        yield schemathesis.openapi.from_url(f"{url_of(listening)}/openapi.json")
        http.stop()
        assert http.join(10)


def test_every_answer_is_documented_and_none_is_a_failure_of_ours(served: Any) -> None:
    operations = [found.ok() for found in served.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:

        @given(operation.as_strategy(), st.booleans())
        @settings(
            max_examples=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any, known: bool) -> None:
            if known and "name" in (case.path_parameters or {}):
                case.path_parameters["name"] = "shop"
            case.call_and_validate(checks=CHECKS)

        check()
