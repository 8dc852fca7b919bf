//! Passwords, waits for those who guess, sessions.

use identity::{Caller, Credentials, Error, Identity, Via};
use store::testing::on_both;

use crate::fixture::{Fixture, PASSWORD};

#[tokio::test]
async fn who_guesses_waits() {
    on_both("who_guesses_waits", async |database| {
        let fixture = Fixture::new(database).await;
        fixture.user("ann").await;
        let login =
            async |user: &str, password: &str, from: &str| fixture.identity.login(user, password, from, None).await;
        for _ in 0..5 {
            assert!(matches!(login("Ann", "wrong wrong", "::1").await, Err(Error::BadCredentials { .. })));
        }
        // From everywhere, and with the right password too: the account is what is guessed at.
        assert!(matches!(login("ann", PASSWORD, "::2").await, Err(Error::Throttled { seconds: 2 })));
        fixture.clock.advance(1_000_000);
        assert!(login("ann", PASSWORD, "::2").await.is_ok());
        for _ in 0..5 {
            let wrong = login("ann", "wrong wrong", "::2").await;
            assert!(matches!(wrong, Err(Error::BadCredentials { .. })), "the count began again: {wrong:?}");
        }
        // One address that tries many names is stopped as well.
        for number in 0..60 {
            let _ = login(&format!("nobody{number}"), "wrong wrong", "::3").await;
        }
        assert!(matches!(login("somebody", PASSWORD, "::3").await, Err(Error::Throttled { .. })));
        fixture.identity.flush_refusals().await;
        let filter = store::audit::Filter { action: Some("login".into()), ..Default::default() };
        let entries = store::audit::list(&mut fixture.store.read(), &filter, 1000).await.unwrap();
        assert!(entries.iter().any(|entry| entry.subject == "Ann from ::1" && !entry.allowed), "{entries:?}");
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
