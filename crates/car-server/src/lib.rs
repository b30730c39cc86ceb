//! car-server.
