//! Images in files: docker's archives, OCI layouts, and plain trees.
