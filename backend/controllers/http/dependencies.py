"""How handlers get what they ask for by name (`actor`, `follower`, `settings`, …)."""

from collections.abc import Iterable

from litestar.routes import BaseRoute, HTTPRoute


def provide_one_by_one(routes: Iterable[BaseRoute]) -> None:
    """Let dependencies of a request be provided one after the other.

    Litestar starts a task for each of those that do not need each other. None of ours waits for anything, so the tasks cost more than
    everything else between the router and the handler.
    """
    for route in routes:
        if isinstance(route, HTTPRoute):
            for _, model in route.route_handler_map.values():
                model.dependency_batches = [
                    {dependency} for batch in model.dependency_batches for dependency in batch
                ]
