//! Builds images from Dockerfiles: stages in parallel, cached by content, the same digest everywhere.
