"""Activities, results and what follows from them."""
