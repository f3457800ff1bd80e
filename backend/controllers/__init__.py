"""The doors: HTTP and sockets. Decode, call, encode."""
