//! The GitHub-shaped API.
