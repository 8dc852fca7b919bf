//! The rules of `trunkline lint`.
