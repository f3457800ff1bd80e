"""Enrolling: folders by the packages of `services/enrollment/`; beside them what must hold over all of them."""
