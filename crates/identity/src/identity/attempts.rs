//! Tries of passwords are counted before the password is looked at: a hundred at once are as many as a hundred in a row.
//!
//! What must wait is a user from one address, so that nobody locks anybody else out. From where the user has not logged in
//! lately, the address counts too (many names from one place), and the user (one name from many places).

use std::net::IpAddr;

use store::Tx;

use super::Identity;
use crate::{Error, Result, throttle};

const SECOND: i64 = 1_000_000;
/// For so long an address from which a user logged in is known, in microseconds.
const KNOWN: i64 = 90 * 24 * 3600 * SECOND;
/// The longest login there is; what is longer belongs to nobody, and is not kept whole.
const LONGEST_LOGIN: usize = 39;

/// Something that failures are counted by.
struct Count {
    subject: String,
    /// Failures that weigh as one.
    patience: i64,
    /// The longest wait, in seconds.
    longest: i64,
}

/// A try that has been counted as a failure. [`Attempt::succeeded`] takes it back.
pub(super) struct Attempt {
    counts: Vec<Count>,
    address: String,
}

/// What a user's tries from an address are counted by.
fn pair(login: &str, address: &str) -> String {
    format!("user {login} from {address}")
}

/// The login as it is counted and written down.
pub(super) fn short(login: &str) -> String {
    store::users::login_key(login).chars().take(LONGEST_LOGIN).collect()
}

/// What stands for an address: of IPv6 the network, since whoever has one address has all of them.
#[must_use]
pub fn network_of(from: &str) -> String {
    match from.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => from.chars().take(64).collect(),
    }
}

impl Attempt {
    /// Whether the user must wait where they are. Asked also of those whose password was right a moment ago: else it could be
    /// guessed at without a limit there.
    pub(super) async fn check(identity: &Identity, login: &str, from: &str) -> Result<()> {
        let mut query = identity.store().read();
        let failures = store::sessions::failures(&mut query, &pair(&short(login), &network_of(from))).await?;
        let now = identity.store().now();
        match failures.map(|failures| failures.blocked_until).filter(|until| *until > now) {
            Some(until) => Err(throttled(until, now)),
            None => Ok(()),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`Error::Throttled`] when there must be none yet; it is not counted then.
    pub(super) async fn begin(identity: &Identity, login: &str, user_id: Option<i64>, from: &str) -> Result<Self> {
        let (login, address) = (short(login), network_of(from));
        let mut tx = identity.store().begin().await?;
        let known = match user_id {
            Some(id) => store::sessions::is_login_address(&mut tx, id, &address).await?,
            None => false,
        };
        let mut counts = vec![Count { subject: pair(&login, &address), patience: 1, longest: throttle::LONGEST }];
        if !known {
            let of_address = Count { subject: format!("address {address}"), patience: 10, longest: throttle::LONGEST };
            // Guesses from everywhere slow a user down who is somewhere new; they shut nobody out.
            let of_user = Count { subject: format!("user {login}"), patience: 10, longest: throttle::LONGEST_OF_USER };
            counts.extend([of_address, of_user]);
        }
        let now = tx.now();
        // In the same order always: two that wait for each other's rows would wait for ever.
        for count in &counts {
            let forget = now - throttle::FORGET * SECOND;
            let failures = store::sessions::count_failure(&mut tx, &count.subject, forget).await?;
            if failures.blocked_until > now {
                tx.rollback().await?;
                return Err(throttled(failures.blocked_until, now));
            }
            let wait = throttle::wait(failures.failures / count.patience).min(count.longest);
            store::sessions::block(&mut tx, &count.subject, now + wait * SECOND).await?;
        }
        tx.commit().await?;
        Ok(Self { counts, address })
    }

    /// The password was right: the try was no failure, and those before it of this user from there are forgotten.
    pub(super) async fn succeeded(self, tx: &mut Tx, user_id: i64) -> Result<()> {
        let mut counts = self.counts.iter();
        if let Some(pair) = counts.next() {
            store::sessions::clear_failures(tx, &pair.subject).await?;
        }
        for count in counts {
            store::sessions::uncount_failure(tx, &count.subject).await?;
        }
        let expires_at = tx.now() + KNOWN;
        Ok(store::sessions::note_login_address(tx, user_id, &self.address, expires_at).await?)
    }
}

fn throttled(until: i64, now: i64) -> Error {
    Error::Throttled { seconds: (until - now).div_euclid(SECOND) + 1 }
}

#[cfg(test)]
mod tests {
    use super::{network_of, short};

    #[test]
    fn what_is_counted() {
        for (from, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("::1", "0:0:0:0::/64"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(network_of(from), expected);
        }
        assert_eq!(short("Ann"), "ann");
        assert_eq!(short(&"x".repeat(60_000)).len(), 39);
    }
}
