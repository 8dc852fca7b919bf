//! The rules on the examples of their pages, and everything around rules.

mod external;
mod fixes;
mod framework;
mod navigate;
mod pages;
mod sample;
