//! The built program on whole repositories, beyond what scenarios can say.

mod acceptance;
mod places;
mod signals;
