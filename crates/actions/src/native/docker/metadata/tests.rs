//! Rules against events: what tags they give.

use std::cell::RefCell;

use super::*;

#[derive(Default)]
struct Heard(RefCell<Vec<String>>);

impl Told for Heard {
    fn group(&self, _: &str, _: &[String]) {}

    fn warn(&self, text: String) {
        self.0.borrow_mut().push(text);
    }
}

const SHA: &str = "860c1904a1ce19322e91ac35af1ab07466440c37";

fn facts(event: &str, git_ref: &str) -> Facts {
    Facts {
        event_name: event.to_owned(),
        git_ref: git_ref.to_owned(),
        sha: SHA.to_owned(),
        payload: json!({
            "repository": { "default_branch": "master" },
            "base_ref": "refs/heads/stable",
            "pull_request": { "base": { "ref": "dev" } },
        }),
        default_branch: "master".to_owned(),
        now: "2020-01-10T00:30:00Z".parse().unwrap(),
        commit_date: "2019-12-31T23:05:06Z".parse().unwrap(),
        short: SHORT,
    }
}

fn lines(text: &str) -> Vec<String> {
    items(text, ListStyle::COMMENTED)
}

fn made(facts: Facts, tags: &str, flavor: &str) -> Result<(Metadata, Vec<String>)> {
    let lists = Lists { images: lines("User/App"), tags: lines(tags), flavor: lines(flavor), ..Lists::default() };
    let about = About { name: "Hello".to_owned(), ..About::default() };
    let heard = Heard::default();
    let metadata = Metadata::new(facts, about, &lists, &heard)?;
    Ok((metadata, heard.0.into_inner()))
}

/// Event, ref, `tags`, `flavor`, and the tags that come out of it or the error.
type Row = (&'static str, &'static str, &'static str, &'static str, Result<&'static str, &'static str>);

const TABLE: &[Row] = &[
    ("push", "refs/heads/dev", "", "", Ok("dev")),
    ("push", "refs/heads/master", "type=edge", "", Ok("edge")),
    ("push", "refs/heads/dev", "type=edge", "", Ok("")),
    ("push", "refs/heads/dev", "type=edge,branch=dev", "", Ok("edge")),
    ("push", "refs/heads/my/feature#1245", "type=ref,event=branch", "", Ok("my-feature-1245")),
    ("push", "refs/heads/dev", "type=ref,event=branch\ntype=sha", "", Ok("dev sha-860c190")),
    ("push", "refs/heads/dev", "type=sha,format=long,prefix=", "", Ok(SHA)),
    ("push", "refs/heads/dev", "type=raw,value={{branch}}-{{sha}}-{{date 'YYYYMMDD'}}", "", Ok("dev-860c190-20200110")),
    ("push", "refs/heads/dev", "type=raw,value={{date 'YYYYMMDDHHmm' tz='Asia/Tokyo'}}", "", Ok("202001100930")),
    ("push", "refs/heads/dev", "type=raw,value={{commit_date 'YYYYMMDD-HHmmss'}}", "", Ok("20191231-230506")),
    ("push", "refs/heads/dev", "type=raw,value=foo,enable={{is_default_branch}}", "", Ok("")),
    ("push", "refs/heads/master", "type=raw,value=latest,enable={{is_default_branch}}", "", Ok("latest")),
    ("push", "refs/heads/master", "type=raw,value=x,enable={{is_not_default_branch}}", "", Ok("")),
    ("schedule", "refs/heads/x", "type=raw,value=x,enable={{is_default_branch}}", "", Ok("x")),
    ("push", "refs/heads/dev", "type=raw,value=x,enable=maybe", "", Err("Invalid value for enable attribute: maybe")),
    ("push", "refs/heads/dev", "foo\nbar\nfoo", "latest=true", Ok("foo bar latest")),
    ("push", "refs/heads/dev", "foo", "latest=true\nprefix=p-,onlatest=true\nsuffix=-s", Ok("p-foo-s p-latest")),
    ("push", "refs/heads/dev", "type=raw,value=foo,prefix=,suffix=-x", "prefix=p-", Ok("foo-x")),
    ("push", "refs/heads/dev", "type=sha", "prefix={{branch}}-", Ok("sha-860c190")),
    ("push", "refs/heads/dev", "type=raw,value=a", "prefix={{branch}}-", Ok("dev-a")),
    ("push", "refs/heads/dev", "type=raw,value={{date 'YYYY' zone='x'}}", "", Err("Unknown zone attribute")),
    ("push", "refs/tags/v1.2.3", "", "", Ok("v1.2.3 latest")),
    ("push", "refs/tags/v1.2.3", "", "latest=false", Ok("v1.2.3")),
    ("push", "refs/tags/release1", "type=ref,event=tag", "", Ok("release1 latest")),
    (
        "push",
        "refs/tags/v1.1.1",
        "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern={{major}}",
        "",
        Ok("1.1.1 1.1 1 latest"),
    ),
    ("push", "refs/tags/v1.1.1", "type=semver,pattern={{raw}}", "", Ok("v1.1.1 latest")),
    ("push", "refs/tags/v1.1.1", "type=semver,pattern=v{{major}}", "", Ok("v1 latest")),
    (
        "push",
        "refs/tags/v2.0.8-beta.67",
        "type=semver,pattern={{major}}\ntype=semver,pattern={{raw}}",
        "",
        Ok("2.0.8-beta.67 v2.0.8-beta.67"),
    ),
    ("push", "refs/tags/v2.0.8-beta.67", "type=semver,pattern={{version}}", "latest=true", Ok("2.0.8-beta.67 latest")),
    ("push", "refs/tags/sometag", "type=semver,pattern={{version}}", "", Ok("")),
    ("push", "refs/tags/p1/v1.0.0", "type=semver,pattern={{version}},match=v(\\d+.\\d+.\\d+)$", "", Ok("1.0.0 latest")),
    ("push", "refs/heads/dev", "type=semver,pattern={{version}}", "", Ok("")),
    ("push", "refs/heads/dev", "type=semver,pattern={{version}},value=v1.2.3", "", Ok("1.2.3 latest")),
    ("push", "refs/tags/1.2", "type=semver,pattern={{version}}", "", Ok("")),
    ("push", "refs/tags/1.2post1", "type=pep440,pattern={{version}}", "", Ok("1.2.post1")),
    ("push", "refs/tags/1.2.3rc2", "type=pep440,pattern={{raw}}", "", Ok("1.2.3rc2")),
    (
        "push",
        "refs/tags/v1.2.3",
        "type=pep440,pattern={{major}}.{{minor}}\ntype=pep440,pattern={{raw}}",
        "",
        Ok("1.2 v1.2.3 latest"),
    ),
    ("push", "refs/tags/1.2", "type=pep440,pattern={{version}}.{{patch}}", "", Ok("1.2.0 latest")),
    ("push", "refs/tags/sometag", "type=pep440,pattern={{version}}", "", Ok("")),
    ("push", "refs/tags/v1.2.3", "type=match,pattern=\\d.\\d", "", Ok("1.2 latest")),
    ("push", "refs/tags/v1.2.3", "type=match,pattern=v(\\d).(\\d),group=2", "", Ok("2 latest")),
    ("push", "refs/tags/v1.2.3", "type=match,pattern=v(\\d),group=7", "", Ok("")),
    ("push", "refs/tags/V1.2.3", "type=match,pattern=/v(.*)/i,group=1", "", Ok("1.2.3 latest")),
    ("push", "refs/tags/20200110-RC2", "type=match,pattern=/(.*)-RC/,group=1,suffix=-x", "", Ok("20200110-x latest")),
    ("push", "refs/tags/p1-v1.0.0", "type=match,pattern=nope", "", Ok("")),
    ("push", "refs/heads/dev", "type=match,pattern=\\d+,value=a42b", "", Ok("42 latest")),
    ("push", "refs/tags/v1", "type=raw,value={{base_ref}}-{{tag}}", "", Ok("stable-v1")),
    ("pull_request", "refs/pull/2/merge", "", "", Ok("pr-2")),
    ("pull_request", "refs/pull/2/merge", "type=ref,event=pr,prefix=\ntype=raw,value={{base_ref}}", "", Ok("2 dev")),
    ("schedule", "refs/heads/master", "type=schedule", "", Ok("nightly")),
    ("schedule", "refs/heads/master", "", "", Ok("nightly master")),
    (
        "schedule",
        "refs/heads/master",
        "type=schedule,pattern={{date 'YYYYMMDD-hhmmss' tz='Europe/Paris'}}",
        "",
        Ok("20200110-013000"),
    ),
    ("push", "refs/heads/dev", "type=schedule", "", Ok("")),
    ("push", "refs/heads/dev", "type=raw,value=a,priority=1\ntype=sha", "", Ok("sha-860c190 a")),
    ("push", "refs/heads/dev", "type=raw,value={{#if tag}}t{{else}}b{{/if}}", "", Ok("b")),
];

#[test]
fn tags_of_rules() {
    for (event, git_ref, tags, flavor, want) in TABLE {
        let got = made(facts(event, git_ref), tags, flavor)
            .map(|(metadata, _)| metadata.tag_names().join(" "))
            .map_err(|fault| fault.to_string());
        assert_eq!(got, want.map(str::to_owned).map_err(str::to_owned), "{event} {git_ref} {tags}");
    }
}

#[test]
fn odd_rules_are_warned_about() {
    let (_, heard) =
        made(facts("push", "refs/tags/x"), "type=semver,pattern={{version}}\ntype=match,pattern=y", "").unwrap();
    assert_eq!(heard, ["x is not a valid semver. More info: https://semver.org/", "y does not match x."]);
}

#[test]
fn names_are_put_before_tags() {
    let lists = Lists {
        images: lines("User/App\nname=ghcr.io/User/App\nname=off,enable=false"),
        tags: lines("type=ref,event=branch\ntype=sha"),
        ..Lists::default()
    };
    let metadata = Metadata::new(facts("push", "refs/heads/dev"), About::default(), &lists, &Heard::default()).unwrap();
    let want = ["user/app:dev", "user/app:sha-860c190", "ghcr.io/user/app:dev", "ghcr.io/user/app:sha-860c190"];
    assert_eq!(metadata.tags(), want);
}

#[test]
fn labels_are_sorted_and_can_be_replaced() {
    let lists = Lists {
        tags: lines("type=ref,event=branch"),
        labels: lines(
            "maintainer=CrazyMax\norg.opencontainers.image.title=My=Title\norg.opencontainers.image.vendor=\nnone",
        ),
        ..Lists::default()
    };
    let about = About {
        name: "Hello".to_owned(),
        description: "This".to_owned(),
        url: "https://github.com/o/Hello".to_owned(),
        license: "MIT".to_owned(),
    };
    let metadata = Metadata::new(facts("push", "refs/heads/dev"), about, &lists, &Heard::default()).unwrap();
    assert_eq!(
        metadata.labels,
        [
            "maintainer=CrazyMax",
            "org.opencontainers.image.created=2020-01-10T00:30:00.000Z",
            "org.opencontainers.image.description=This",
            "org.opencontainers.image.licenses=MIT",
            "org.opencontainers.image.revision=860c1904a1ce19322e91ac35af1ab07466440c37",
            "org.opencontainers.image.source=https://github.com/o/Hello",
            "org.opencontainers.image.title=My=Title",
            "org.opencontainers.image.url=https://github.com/o/Hello",
            "org.opencontainers.image.vendor=",
            "org.opencontainers.image.version=dev",
        ]
    );
}

#[test]
fn the_date_of_a_commit_comes_from_the_event() {
    let payload = json!({
        "commits": [{ "id": "a", "timestamp": "2020-01-01T00:00:00+01:00" }],
        "head_commit": { "id": "b", "timestamp": "2020-01-02T00:00:00Z" },
    });
    let text = |sha: &str| date_in(&payload, sha).map(|date| date.to_string());
    assert_eq!(text("a").as_deref(), Some("2019-12-31T23:00:00Z"));
    assert_eq!(text("b").as_deref(), Some("2020-01-02T00:00:00Z"));
    assert_eq!(text("c"), None);
}
