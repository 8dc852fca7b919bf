//! Sandboxes in truth: real processes, mounts and kills. Run by root and, through `user`, as a normal user too.

mod alarms;
mod death;
mod files;
mod images;
mod limits;
mod networks;
mod processes;
mod user;
mod world;
