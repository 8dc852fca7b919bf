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

#[test]
fn pages_are_for_sessions_and_tell_browsers_what_not_to_do() {
    let server = Instance::start(&["--runners", "0"]);
    let bearer = server.bearer("ann");
    let made = server.api("POST", "/user/repos", &bearer, "{\"name\":\"app\",\"private\":true}");
    assert_eq!(made.status, 201, "{}", made.body);
    // A token has scopes, which pages do not look at: so it opens none.
    let by_token = server.request("GET", "/ann/app", &format!("Authorization: {bearer}\r\n"), "");
    assert_eq!(by_token.location().as_deref(), Some("/login?next=/ann/app"), "{}", by_token.head);
    let session = server.session();
    let page = server.get("/ann/app", Some(&session));
    assert_eq!(page.status, 200, "{}", page.body);
    for expected in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "frame-ancestors 'none'",
        "x-frame-options: DENY",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(expected), "{expected} is not in {}", page.head);
    }
    // A login that another site asks for is none.
    let login = format!("login=ann&password={}", super::instance::PASSWORD);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (header, status) in [
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Origin: https://evil.example\r\n", 403),
        ("Sec-Fetch-Site: same-origin\r\n", 303),
    ] {
        let answer = server.request("POST", "/login", &format!("{form}{header}"), &login);
        assert_eq!(answer.status, status, "{header}");
    }
    // A tab is no way out.
    let away = server.get("/login?next=/%09/evil.example", Some(&session));
    assert_eq!(away.location().as_deref(), Some("/"));
}

#[test]
fn the_file_of_a_release_is_kept_by_a_browser_and_not_run() {
    let server = Instance::start(&["--runners", "0"]);
    let bearer = server.bearer("ann");
    let readme = "{\"message\":\"First\",\"content\":\"aGVsbG8K\"}";
    for (method, path, body) in [
        ("POST", "/user/repos", "{\"name\":\"app\",\"private\":true}"),
        ("PUT", "/repos/ann/app/contents/README.md", readme),
        ("POST", "/repos/ann/app/releases", "{\"tag_name\":\"v1\"}"),
    ] {
        let answer = server.api(method, path, &bearer, body);
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    }
    let headers = format!("Authorization: {bearer}\r\nContent-Type: text/html\r\n");
    let page = "<script>alert(1)</script>";
    let up = server.request("POST", "/api/uploads/repos/ann/app/releases/1/assets?name=x.html", &headers, page);
    assert_eq!(up.status, 201, "{}", up.body);
    for path in ["/ann/app/releases/download/v1/x.html", "/ann/app.git/releases/download/v1/x.html"] {
        assert_eq!(server.get(path, None).status, 401, "{path}");
        let down = server.get(path, Some(&server.session()));
        assert_eq!((down.status, down.body.as_str()), (200, page), "{path}: {}", down.head);
        for expected in ["content-disposition: attachment", "x-content-type-options: nosniff", "sandbox"] {
            assert!(down.head.contains(expected), "{path}: {expected} is not in {}", down.head);
        }
    }
    let listed = server.get("/ann/app/releases/tag/v1", Some(&server.session()));
    assert!(listed.body.contains("/ann/app/releases/download/v1/x.html"), "{}", listed.body);
}
