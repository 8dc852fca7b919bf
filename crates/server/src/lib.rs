//! Wiring of the server.
