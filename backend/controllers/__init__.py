"""HTTP and sockets: decode, call one service, encode."""
