"""What HTTP clients of the tests are given for TLS, which none of them speaks."""

import ssl

# Knows no certificates: to read those of the system takes a client 40 ms.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
