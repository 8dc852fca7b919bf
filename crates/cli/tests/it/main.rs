//! The built program on whole repositories, beyond what scenarios can say.

mod acceptance;
mod clients;
mod composites;
mod doctor;
mod images;
mod lint;
mod locks;
mod lsp;
mod mirror;
mod places;
mod server;
mod services;
mod signals;
mod stages;
mod trace;
mod vectors;
mod why;
