//! Containers: an image, options as docker takes them, and a sandbox with the image as its root.
