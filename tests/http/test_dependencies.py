"""What handlers ask for by name costs a request no tasks."""

from litestar.routes import HTTPRoute

from backend.app import create_app


def test_dependencies_are_provided_one_by_one() -> None:
    """Those that do not need each other either: Litestar would start a task for each of them."""
    batches = [
        batch
        for route in create_app().routes
        if isinstance(route, HTTPRoute)
        for _, model in route.route_handler_map.values()
        for batch in model.dependency_batches
    ]
    assert batches
    assert all(len(batch) == 1 for batch in batches)
