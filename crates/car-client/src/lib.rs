//! car-client.
