//! Native actions in real jobs, sandboxed and on the host.

mod artifacts;
mod cache;
mod checkout;
mod clients;
mod docker;
mod job;
mod setup;
