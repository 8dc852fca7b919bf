//! Passwords, waits for those who guess, sessions.

use identity::{Caller, Credentials, Error, Identity, Via};
use store::testing::on_both;

use crate::fixture::{Fixture, PASSWORD};

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "192.0.2.2";

fn count(results: &[Result<identity::NewSession, Error>]) -> (usize, usize, usize) {
    let of = |is: fn(&Result<identity::NewSession, Error>) -> bool| results.iter().filter(|result| is(result)).count();
    (
        of(Result::is_ok),
        of(|result| matches!(result, Err(Error::BadCredentials { .. }))),
        of(|result| matches!(result, Err(Error::Throttled { .. }))),
    )
}

/// The password is looked at for the first five only, however many come before one of them is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_no_more_than_in_a_row() {
    on_both("guesses_at_once_are_no_more_than_in_a_row", async |database| {
        let fixture = Fixture::new(database).await;
        fixture.user("ann").await;
        let passwords: Vec<String> = (0..50).map(|number| format!("wrong wrong {number}")).collect();
        let tries = passwords.iter().map(|password| fixture.identity.login("ann", password, HERE, None));
        assert_eq!(count(&futures_util::future::join_all(tries).await), (0, 5, 45));
        // From fifty places at once: of them too only a part, since the user is not known there.
        let places: Vec<String> = (0..80).map(|number| format!("198.51.100.{number}")).collect();
        let tries = places.iter().map(|from| fixture.identity.login("ann", "wrong wrong", from, None));
        let (right, wrong, waits) = count(&futures_util::future::join_all(tries).await);
        assert!(right == 0 && wrong <= 45 && waits >= 35, "{right} {wrong} {waits}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_keep_nobody_out_from_where_they_usually_are() {
    on_both("guesses_keep_nobody_out_from_where_they_usually_are", async |database| {
        let fixture = Fixture::new(database).await;
        fixture.user("ann").await;
        assert!(fixture.identity.login("ann", PASSWORD, HERE, None).await.is_ok());
        for number in 0..60 {
            let _ = fixture.identity.login("ann", "wrong wrong", &format!("198.51.100.{number}"), None).await;
        }
        // Somewhere new they wait, but not for long.
        let new = fixture.identity.login("ann", PASSWORD, ELSEWHERE, None).await;
        assert!(matches!(new, Err(Error::Throttled { seconds: 1..=31 })), "{new:?}");
        // A restart forgets whose password was right, not where.
        let keys = identity::MasterKeys::from_bytes([1; 32], &[]);
        let again = Identity::start(fixture.store.clone(), keys, identity::Settings::default()).await.unwrap();
        assert!(again.login("ann", PASSWORD, HERE, None).await.is_ok());
        // A client that sends its password with many requests at once tries once.
        let tries = (0..30).map(|_| again.login("ann", PASSWORD, HERE, None));
        assert_eq!(count(&futures_util::future::join_all(tries).await), (30, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn who_guesses_waits() {
    on_both("who_guesses_waits", async |database| {
        let fixture = Fixture::new(database).await;
        fixture.user("ann").await;
        let login =
            async |user: &str, password: &str, from: &str| fixture.identity.login(user, password, from, None).await;
        for _ in 0..5 {
            assert!(matches!(login("Ann", "wrong wrong", HERE).await, Err(Error::BadCredentials { .. })));
        }
        // With the right password too, there; elsewhere nobody is kept out by it.
        assert!(matches!(login("ann", PASSWORD, HERE).await, Err(Error::Throttled { seconds: 2 })));
        assert!(login("ann", PASSWORD, ELSEWHERE).await.is_ok());
        fixture.clock.advance(1_000_000);
        assert!(login("ann", PASSWORD, HERE).await.is_ok());
        for _ in 0..5 {
            let wrong = login("ann", "wrong wrong", HERE).await;
            assert!(matches!(wrong, Err(Error::BadCredentials { .. })), "the count began again: {wrong:?}");
        }
        // A password that was right there a moment ago is no way around the wait.
        assert!(matches!(login("ann", PASSWORD, HERE).await, Err(Error::Throttled { .. })));
        // One address that tries many names is stopped as well.
        for number in 0..60 {
            let _ = login(&format!("nobody{number}"), "wrong wrong", "192.0.2.3").await;
        }
        assert!(matches!(login("somebody", PASSWORD, "192.0.2.3").await, Err(Error::Throttled { .. })));
        fixture.identity.flush_refusals().await;
        let filter = store::audit::Filter { action: Some("login".into()), ..Default::default() };
        let entries = store::audit::list(&mut fixture.store.read(), &filter, 1000).await.unwrap();
        assert!(entries.iter().any(|entry| entry.subject == "ann from 192.0.2.1" && !entry.allowed), "{entries:?}");
        assert!(!format!("{entries:?}").contains("wrong wrong"));
    })
    .await;
}

#[tokio::test]
async fn sessions() {
    on_both("sessions", async |database| {
        let fixture = Fixture::new(database).await;
        let user = fixture.user("ann").await;
        let session = fixture.identity.login("ann", PASSWORD, "::1", Some("Firefox")).await.unwrap();
        assert_eq!(session.user_id, user);
        let cookie = format!("a=b; {}={}", identity::SESSION_COOKIE, &*session.cookie);
        let credentials = Credentials::from_headers(None, Some(&cookie)).unwrap();
        let authenticate = async || fixture.identity.authenticate(&credentials, "::1").await.unwrap();
        let caller = authenticate().await;
        assert!(matches!(caller.user().unwrap().via, Via::Session { .. }));
        for (given, expected) in [(Some(&*session.csrf), true), (Some("0"), false), (None, false)] {
            assert_eq!(Identity::csrf_holds(&caller, given), expected);
        }
        assert!(Identity::csrf_holds(&fixture.caller("ann").await, None), "only sessions can be ridden on");
        assert!(!fixture.dump().await.contains(&*session.cookie));
        // Used, it lasts on; left alone, it ends.
        let days = |days: i64| days * 24 * 3600 * 1_000_000;
        fixture.clock.advance(days(13));
        assert!(!authenticate().await.is_anonymous());
        fixture.clock.advance(days(13));
        assert!(!authenticate().await.is_anonymous());
        fixture.clock.advance(days(14));
        assert_eq!(authenticate().await, Caller::Anonymous);

        let session = fixture.identity.login("ann", PASSWORD, "::1", None).await.unwrap();
        let credentials = Credentials::Session(session.cookie.to_string());
        let caller = fixture.identity.authenticate(&credentials, "::1").await.unwrap();
        fixture.identity.logout(&caller).await.unwrap();
        assert!(fixture.identity.authenticate(&credentials, "::1").await.unwrap().is_anonymous());
        let session = fixture.identity.login("ann", PASSWORD, "::1", None).await.unwrap();
        fixture.identity.set_password(&caller, user, "another long one").await.unwrap();
        let credentials = Credentials::Session(session.cookie.to_string());
        assert!(fixture.identity.authenticate(&credentials, "::1").await.unwrap().is_anonymous());
        assert!(fixture.identity.login("ann", PASSWORD, "::1", None).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_anybody_may_write_down_is_forgotten() {
    on_both("what_anybody_may_write_down_is_forgotten", async |database| {
        use store::Query as _;
        let fixture = Fixture::new(database).await;
        let count = async |table: &str| -> i64 {
            fixture.store.read().fetch_one(format!("SELECT COUNT(*) FROM {table}"), store::args![]).await.unwrap()
        };
        fixture.identity.login("nobody", "a wrong password", "192.0.2.1", None).await.unwrap_err();
        assert!(count("login_failures").await > 0);
        fixture.identity.sweep().await.unwrap();
        assert!(count("login_failures").await > 0, "they count for an hour");
        fixture.clock.advance(2 * 3600 * 1_000_000);
        fixture.identity.sweep().await.unwrap();
        assert_eq!(count("login_failures").await, 0);
        let mut tx = fixture.store.begin().await.unwrap();
        for number in 0..5 {
            store::sessions::insert_provider_login(&mut tx, &format!("state {number}"), b"", "/", number)
                .await
                .unwrap();
            store::sessions::bound_provider_logins(&mut tx, 3).await.unwrap();
        }
        tx.commit().await.unwrap();
        let left: Vec<String> = fixture
            .store
            .read()
            .fetch_all("SELECT state_hash FROM provider_logins ORDER BY expires_at", store::args![])
            .await
            .unwrap();
        assert_eq!(left, ["state 2", "state 3", "state 4"]);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_used_ends_all_the_same() {
    on_both("a_session_that_is_used_ends_all_the_same", async |database| {
        let fixture = Fixture::new(database).await;
        fixture.user("ann").await;
        let session = fixture.identity.login("ann", PASSWORD, "192.0.2.1", None).await.unwrap();
        let credentials = Credentials::Session(session.cookie.to_string());
        let mut days = 0;
        while !fixture.identity.authenticate(&credentials, "192.0.2.1").await.unwrap().is_anonymous() {
            fixture.clock.advance(24 * 3600 * 1_000_000);
            days += 1;
            assert!(days <= 90, "it is still good");
        }
        assert_eq!(days, 90);
    })
    .await;
}
