//! The rules on the examples of their pages, and everything around rules.

mod framework;
mod pages;
mod sample;
