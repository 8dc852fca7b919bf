//! The client beside registries of every kind: a small one in these tests that can be told to misbehave, and real ones.

mod authorization;
mod fake;
mod fixture;
mod killed;
mod own;
mod pulling;
mod pushing;
mod real;
mod server;
