//! The Dockerfile language: text to instructions in which everything has its place. Pure.
