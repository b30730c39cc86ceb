//! car-transport.
