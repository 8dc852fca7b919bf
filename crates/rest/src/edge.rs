//! What all requests and answers have in common.

pub(crate) mod answer;
pub(crate) mod bounds;
pub(crate) mod call;
pub(crate) mod conditional;
pub(crate) mod media;
pub(crate) mod page;
pub(crate) mod problem;
pub(crate) mod rate;
