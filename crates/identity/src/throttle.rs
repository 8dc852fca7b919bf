//! How long somebody who guesses passwords must wait.

/// Wrong passwords that cost nothing but the time to hash them.
const FREE: i64 = 5;
/// The longest wait, in seconds.
pub(crate) const LONGEST: i64 = 15 * 60;
/// The longest wait for a user from an address where they have not logged in before, in seconds: whoever guesses from
/// everywhere must not be able to shut them out.
pub(crate) const LONGEST_OF_USER: i64 = 30;
/// After this many seconds without a failure the count starts again.
pub(crate) const FORGET: i64 = 60 * 60;

/// Seconds until the next try after so many failures in a row: none for the first few, then doubling.
pub(crate) fn wait(failures: i64) -> i64 {
    match failures - FREE {
        over if over < 0 => 0,
        over if over < 10 => (1_i64 << over).min(LONGEST),
        _ => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn waits() {
        let waits: Vec<i64> = [0, 1, 4, 5, 6, 7, 14, 15, 1000].into_iter().map(super::wait).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 512, 900, 900]);
    }
}
