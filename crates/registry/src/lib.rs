//! A registry that speaks the OCI distribution specification, over a directory.
