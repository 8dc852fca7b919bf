//! A runner of the server.
