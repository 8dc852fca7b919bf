//! Set-up, login, and who sees what.

use super::instance::Instance;

#[test]
fn the_first_account_is_made_with_the_link_and_with_nothing_else() {
    let server = Instance::start_empty(&["--runners", "0"]);
    let link = server.set_up_link();
    let token = link.split("token=").nth(1).expect("a token").to_owned();
    assert_eq!(server.get("/setup?token=wrong", None).status, 403);
    assert_eq!(server.get("/", None).location().as_deref(), Some("/login?next=/"));
    let page = server.get(&format!("/setup?token={token}"), None);
    assert!(page.body.contains("This makes the first account"), "{}", page.body);
    let form = |password: &str| format!("token={token}&login=ann&password={password}&again=ann-has-a-password");
    let refused = server.post("/setup", &form("another-password"), None);
    assert_eq!((refused.status, refused.body.contains("The passwords differ")), (422, true));
    let made = server.post("/setup", &form("ann-has-a-password"), None);
    assert_eq!(made.status, 303, "{}", made.body);
    let cookie = made.cookie().expect("a session");
    let home = server.get("/", Some(&cookie));
    assert!(
        home.body.contains("There is none yet. A push makes one") && home.body.contains("Log out"),
        "{}",
        home.body
    );
    // The link was good once.
    assert_eq!(server.get(&format!("/setup?token={token}"), None).status, 403);
    // A form without the page's token changes nothing.
    assert_eq!(server.post("/logout", "csrf=wrong", Some(&cookie)).status, 403);
    assert_eq!(server.get("/", Some(&cookie)).status, 200);
}

#[test]
fn a_login_tells_nothing_and_leads_to_no_other_server() {
    let server = Instance::start(&["--runners", "0"]);
    let wrong = server.post("/login", "login=ann&password=wrong-password", None);
    let nobody = server.post("/login", "login=nobody&password=wrong-password", None);
    assert_eq!((wrong.status, nobody.status), (401, 401));
    let told = "There is no such user, or the password is another one.";
    assert!(wrong.body.contains(told) && nobody.body.contains(told));
    let form = "login=ann&password=ann-has-a-password&next=https://evil.example";
    assert_eq!(server.post("/login", form, None).location().as_deref(), Some("/"));
    // What is not there and what may not be seen look the same.
    assert_eq!(
        server.get("/ann/secret", None).location(),
        server.get("/ann/nothing", None).location().map(|_| "/login?next=/ann/secret".to_owned())
    );
}
