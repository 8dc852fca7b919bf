use std::os::unix::fs::PermissionsExt as _;

use super::ConfigFile;
use crate::auth::Credentials;

fn file(text: &str) -> (tempfile::TempDir, ConfigFile) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("config.json");
    std::fs::write(&path, text).unwrap();
    let file = ConfigFile::read(&path).unwrap();
    (place, file)
}

#[test]
fn credentials_of_docker_and_podman() {
    let (_place, file) = file(
        r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "YW5uOnA6dzE="},
            "ghcr.io": {"auth": "Ym9iOnB3MgA="},
            "quay.io/team": {"username": "team", "password": "pw3"},
            "quay.io/team/app": {"username": "app", "password": "pw4"},
            "quay.io": {"username": "all", "password": "pw5"},
            "https://old.example/v2/": {"identitytoken": "tok", "auth": "PHRva2VuPjo="},
            "raw.example": {"registrytoken": "raw"},
            "empty.example": {}
        }}"#,
    );
    let table = [
        ("https://index.docker.io/v1/", "library/alpine", Some(Credentials::basic("ann", "p:w1"))),
        ("ghcr.io", "o/r", Some(Credentials::basic("bob", "pw2"))),
        ("quay.io", "team/app", Some(Credentials::basic("app", "pw4"))),
        ("quay.io", "team/other/deep", Some(Credentials::basic("team", "pw3"))),
        ("quay.io", "teammate/app", Some(Credentials::basic("all", "pw5"))),
        ("old.example", "x", Some(Credentials::Identity { token: "tok".to_owned() })),
        ("raw.example", "x", Some(Credentials::Bearer { token: "raw".to_owned() })),
        ("empty.example", "x", None),
        ("unknown.example", "x", None),
    ];
    for (registry, repository, expected) in table {
        assert_eq!(file.credentials(registry, repository).unwrap(), expected, "{registry}/{repository}");
    }
}

#[test]
fn helpers() {
    let (_place, file) = file(r#"{"credsStore": "pass", "credHelpers": {"https://gcr.io": "gcloud"}}"#);
    assert_eq!(file.helper("gcr.io"), Some("gcloud"));
    assert_eq!(file.helper("ghcr.io"), Some("pass"));
}

#[test]
fn broken_files_are_told_without_their_content() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("config.json");
    for (text, at) in [("{\"auths\": {\n\"x\": hunter2}}", ":2:6:"), ("[\"hunter2\"]", ":1:1:"), ("\"hunter2", ":1:8:")]
    {
        std::fs::write(&path, text).unwrap();
        let error = ConfigFile::read(&path).err().unwrap().to_string();
        assert!(error.contains(at), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for (auth, reason) in [("hunter2!", "not base64"), ("aHVudGVyMg==", "not user:password"), ("//79", "not UTF-8")] {
        std::fs::write(&path, format!("{{\"auths\": {{\"x.example\": {{\"auth\": \"{auth}\"}}}}}}")).unwrap();
        let error = ConfigFile::read(&path).unwrap().credentials("x.example", "r").unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("x.example"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn saving_keeps_what_is_not_ours() {
    let (place, mut file) =
        file(r#"{"HttpHeaders": {"A": "b"}, "auths": {"a.example": {"auth": "eDp5"}}, "psFormat": "x"}"#);
    file.put("b.example", Some(&Credentials::basic("ann", "pw")));
    file.put("c.example", None);
    file.save().unwrap();
    let path = place.path().join("config.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap().replace('\t', "  "), @r#"
    {
      "HttpHeaders": {
        "A": "b"
      },
      "auths": {
        "a.example": {
          "auth": "eDp5"
        },
        "b.example": {
          "auth": "YW5uOnB3"
        },
        "c.example": {}
      },
      "psFormat": "x"
    }
    "#);
    let mut file = ConfigFile::read(&path).unwrap();
    assert!(file.remove("https://b.example"));
    assert!(!file.remove("b.example"));
    file.save().unwrap();
    assert!(!std::fs::read_to_string(&path).unwrap().contains("b.example"));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn a_link_is_followed_when_saving() {
    let place = tempfile::tempdir().unwrap();
    let (real, link) = (place.path().join("real.json"), place.path().join("config.json"));
    std::fs::write(&real, "{}").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut file = ConfigFile::read(&link).unwrap();
    file.put("a.example", Some(&Credentials::basic("u", "p")));
    file.save().unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains("a.example"));
}
