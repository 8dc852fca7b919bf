//! Content-addressed objects in a directory: written once, checked while written, shared by everything.
