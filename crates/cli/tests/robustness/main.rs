//! The built program when things go wrong: signals, kills, broken and hostile input.

mod approval;
mod cancelling;
mod containers;
mod input;
mod killed;
mod live;
mod orphans;
mod rerunning;
mod shell;
mod unprivileged;
