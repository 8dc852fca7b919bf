//! Reasons of what happened, from events, runs and logs.
