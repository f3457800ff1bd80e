"""What holds of every route: reading requests, rights on routes, problems, the OpenAPI document."""
