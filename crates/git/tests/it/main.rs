mod checkout;
mod facts;
mod fixture;
mod gitdir;
mod snapshots;
mod sources;
