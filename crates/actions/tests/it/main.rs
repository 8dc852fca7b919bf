mod fixture;
mod lock;
mod resolve;
