//! In whose name a call changes something.

use forge::Actor;

use crate::{Call, Problem, Result};

/// The account behind a call: a user, or the bot for a job's token.
pub(crate) fn actor(call: &Call) -> Result<Actor> {
    Actor::of(&call.caller).ok_or_else(Problem::requires_login)
}
