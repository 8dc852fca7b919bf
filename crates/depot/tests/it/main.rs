//! What becomes of content in the course of time.

mod collect;
