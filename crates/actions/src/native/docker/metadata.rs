//! `docker/metadata-action`: tags and labels from what triggered the run.

mod collate;
mod flavor;
mod image_names;
mod tag;
#[cfg(test)]
mod tests;
mod version;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::flavor::Flavor;
use self::image_names::ImageName;
use self::version::{Facts, Maker, Versions, sanitized};
use super::list::{ListStyle, items};
use super::{event, flag, group, temporary, write};
use crate::native::error::{Fault, Result};
use crate::native::{NativeCall, NativeOutcome, process};

/// Digits of a short commit id.
const SHORT: usize = 7;

/// What labels say about the repository.
#[derive(Debug, Clone, Default)]
struct About {
    name: String,
    description: String,
    url: String,
    license: String,
}

/// Everything that the outputs are made of.
struct Metadata {
    facts: Facts,
    about: About,
    flavor: Flavor,
    images: Vec<ImageName>,
    versions: Versions,
    labels: Vec<String>,
    annotations: Vec<String>,
}

/// The inputs that are lists.
#[derive(Debug, Default)]
struct Lists {
    images: Vec<String>,
    tags: Vec<String>,
    flavor: Vec<String>,
    labels: Vec<String>,
    annotations: Vec<String>,
}

pub(crate) async fn run(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let list = |name: &str| items(inputs.text(name), ListStyle::COMMENTED);
    let lists = Lists {
        images: list("images"),
        tags: list("tags"),
        flavor: list("flavor"),
        labels: list("labels"),
        annotations: list("annotations"),
    };
    let payload = event(call);
    let about = about(call, &payload);
    let facts = facts(call, payload).await?;
    group(
        call,
        "Context info",
        [
            format!("eventName: {}", facts.event_name),
            format!("sha: {}", facts.sha),
            format!("ref: {}", facts.git_ref),
            format!("workflow: {}", call.env("GITHUB_WORKFLOW")),
            format!("actor: {}", call.env("GITHUB_ACTOR")),
            format!("runNumber: {}", call.env("GITHUB_RUN_NUMBER")),
            format!("runId: {}", call.env("GITHUB_RUN_ID")),
            format!("commitDate: {}", facts.commit_date),
        ],
    );
    let metadata = Metadata::new(facts, about, &lists, &Log { call })?;
    outputs(call, outcome, &metadata)
}

/// Where the parts of the work tell what they read.
trait Told {
    fn group(&self, title: &str, lines: &[String]);
    fn warn(&self, text: String);
}

struct Log<'a> {
    call: &'a NativeCall,
}

impl Told for Log<'_> {
    fn group(&self, title: &str, lines: &[String]) {
        group(self.call, title, lines);
    }

    fn warn(&self, text: String) {
        self.call.warn(text);
    }
}

async fn facts(call: &NativeCall, payload: Value) -> Result<Facts> {
    let event_name = call.env("GITHUB_EVENT_NAME").to_owned();
    let mut git_ref = call.env("GITHUB_REF").to_owned();
    let mut sha = call.env("GITHUB_SHA").to_owned();
    let mut commit_date = None;
    match call.inputs().text_or("context", "workflow") {
        "workflow" => {
            if event_name.contains("pull_request_target")
                && let Some(number) = payload.get("number").and_then(Value::as_u64)
            {
                git_ref = format!("refs/pull/{number}/merge");
            }
            let head = payload.pointer("/pull_request/head/sha").and_then(Value::as_str);
            if call.env("DOCKER_METADATA_PR_HEAD_SHA").to_lowercase().contains("true")
                && event_name.contains("pull_request")
                && let Some(head) = head
            {
                head.clone_into(&mut sha);
            }
            commit_date = date_in(&payload, &sha);
        }
        "git" => {
            sha = git(call, &["show", "--format=%H", "HEAD", "--quiet", "--"]).await?;
            git_ref = checked_out(call).await?;
        }
        other => return Err(Fault::Text(format!("Invalid context source: {other}"))),
    }
    if commit_date.is_none() && !sha.is_empty() {
        // GitHub would be asked; the checkout knows as well.
        let said = git(call, &["show", "-s", "--format=%cI", &sha]).await.unwrap_or_default();
        commit_date = said.parse().ok();
    }
    let short = match call.env("DOCKER_METADATA_SHORT_SHA_LENGTH") {
        "" => SHORT,
        text => text
            .parse()
            .map_err(|_| Fault::Text(format!("DOCKER_METADATA_SHORT_SHA_LENGTH is not a valid number: {text}")))?,
    };
    let default_branch = payload.pointer("/repository/default_branch").and_then(Value::as_str);
    let default_branch = default_branch.unwrap_or(&call.place.identity.default_branch).to_owned();
    let now = Timestamp::now();
    let commit_date = commit_date.unwrap_or(now);
    Ok(Facts { event_name, git_ref, sha, payload, default_branch, now, commit_date, short })
}

/// When a commit was made, as the event of a push says it.
fn date_in(payload: &Value, sha: &str) -> Option<Timestamp> {
    let commits = payload.get("commits").and_then(Value::as_array).into_iter().flatten();
    let mut all = commits.chain(payload.get("head_commit"));
    let commit = all.find(|commit| commit.get("id").and_then(Value::as_str) == Some(sha))?;
    commit.get("timestamp")?.as_str()?.parse().ok()
}

/// The ref of the checkout: the branch, or what stands at a detached `HEAD`.
async fn checked_out(call: &NativeCall) -> Result<String> {
    if let Ok(branch) = git(call, &["symbolic-ref", "HEAD"]).await {
        return Ok(branch);
    }
    let tags = git(call, &["tag", "--points-at", "HEAD", "--sort", "-version:creatordate"]).await?;
    if let Some(tag) = tags.lines().next().filter(|tag| !tag.is_empty()) {
        return Ok(format!("refs/tags/{tag}"));
    }
    // `refs/remotes/origin/main`, `refs/remotes/pull/1/merge`
    let known = git(call, &["for-each-ref", "--points-at", "HEAD", "--format=%(refname)"]).await?;
    for name in known.lines() {
        if name.starts_with("refs/heads/") {
            return Ok(name.to_owned());
        }
        let remote = name.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/'));
        match remote {
            Some(("pull", rest)) => return Ok(format!("refs/pull/{rest}")),
            Some((_, branch)) if branch != "HEAD" => return Ok(format!("refs/heads/{branch}")),
            _ => {}
        }
    }
    Err(Fault::text("the ref of the checkout cannot be known: HEAD is detached, and no branch or tag stands there"))
}

async fn git(call: &NativeCall, args: &[&str]) -> Result<String> {
    let mut command = sandbox::Command::new(std::iter::once("git").chain(args.iter().copied()));
    command.env = call.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.cwd = call.place.workspace.clone();
    let output = process::output(&call.place.sandbox, command, &CancellationToken::clone(&call.cancel)).await?;
    if !output.status.success() {
        return Err(Fault::Text(format!("git {}: {}", args[0], String::from_utf8_lossy(&output.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn about(call: &NativeCall, payload: &Value) -> About {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let repository = call.env("GITHUB_REPOSITORY");
    About {
        name: text("/repository/name").unwrap_or_else(|| repository.rsplit('/').next().unwrap_or_default().to_owned()),
        description: text("/repository/description").unwrap_or_default(),
        url: text("/repository/html_url")
            .unwrap_or_else(|| format!("{}/{repository}", call.env("GITHUB_SERVER_URL").trim_end_matches('/'))),
        license: text("/repository/license/spdx_id").unwrap_or_default(),
    }
}

impl Metadata {
    fn new(facts: Facts, about: About, lists: &Lists, told: &dyn Told) -> Result<Self> {
        let images = image_names::image_names(&lists.images)?;
        let shown = |image: &ImageName| format!("name={},enable={}", image.name, image.enabled);
        told.group("Processing images input", &images.iter().map(shown).collect::<Vec<_>>());
        let rules = tag::rules(&lists.tags)?;
        told.group("Processing tags input", &rules.iter().map(ToString::to_string).collect::<Vec<_>>());
        let flavor = Flavor::parse(&lists.flavor)?;
        told.group("Processing flavor input", &flavor.lines());
        let versions = Maker { facts: &facts, flavor: &flavor, warn: &|text| told.warn(text) }.versions(&rules)?;
        let mut this = Self { facts, about, flavor, images, versions, labels: Vec::new(), annotations: Vec::new() };
        this.labels = this.described(&lists.labels)?;
        this.annotations = this.described(&lists.annotations)?;
        Ok(this)
    }

    fn version(&self) -> &str {
        self.versions.main.as_deref().unwrap_or_default()
    }

    fn names(&self) -> Vec<String> {
        self.images.iter().filter(|image| image.enabled).map(|image| image.name.to_lowercase()).collect()
    }

    fn tag_names(&self) -> Vec<String> {
        let Some(main) = &self.versions.main else { return Vec::new() };
        let mut tags = vec![main.clone()];
        tags.extend(self.versions.partial.iter().cloned());
        if self.versions.latest {
            let prefix = if self.flavor.prefix_latest { self.flavor.prefix.as_str() } else { "" };
            let suffix = if self.flavor.suffix_latest { self.flavor.suffix.as_str() } else { "" };
            tags.push(sanitized(&format!("{prefix}latest{suffix}")));
        }
        tags
    }

    fn tags(&self) -> Vec<String> {
        let (names, tags) = (self.names(), self.tag_names());
        if names.is_empty() {
            return tags;
        }
        names.iter().flat_map(|name| tags.iter().map(move |tag| format!("{name}:{tag}"))).collect()
    }

    /// `key=value` for OCI's own keys and those of the user, who may replace them.
    fn described(&self, own: &[String]) -> Result<Vec<String>> {
        let about = &self.about;
        let oci = [
            ("title", about.name.clone()),
            ("description", about.description.clone()),
            ("url", about.url.clone()),
            ("source", about.url.clone()),
            ("version", self.version().to_owned()),
            ("created", format!("{:.3}", self.facts.now)),
            ("revision", self.facts.sha.clone()),
            ("licenses", about.license.clone()),
        ];
        let mut all: IndexMap<String, String> =
            oci.into_iter().map(|(key, value)| (format!("org.opencontainers.image.{key}"), value)).collect();
        for line in own {
            if let Some((key, value)) = self.facts.fill(line)?.split_once('=') {
                all.insert(key.to_owned(), value.to_owned());
            }
        }
        all.sort_by(|a, _, b, _| collate::compare(a, b));
        Ok(all.into_iter().map(|(key, value)| format!("{key}={value}")).collect())
    }

    fn label_object(&self) -> Value {
        let pairs = self.labels.iter().filter_map(|label| label.split_once('='));
        // A dot of JavaScript's patterns ends at the line's end.
        let first = |value: &str| value.split('\n').next().unwrap_or_default().to_owned();
        Value::Object(pairs.map(|(key, value)| (key.to_owned(), Value::String(first(value)))).collect())
    }

    fn arguments(&self) -> Value {
        json!({ "DOCKER_META_IMAGES": self.names().join(","), "DOCKER_META_VERSION": self.version() })
    }
}

fn outputs(call: &NativeCall, outcome: &mut NativeOutcome, metadata: &Metadata) -> Result<()> {
    let inputs = call.inputs();
    // Separators are not trimmed: a line break is one.
    let separator = |name: &str| match call.inputs.get(name).map(String::as_str) {
        None | Some("") => "\n".to_owned(),
        Some(text) => text.to_owned(),
    };
    let to_env = flag(call, "DOCKER_METADATA_SET_OUTPUT_ENV", true)?;
    let mut put = |name: &str, value: String| {
        if to_env {
            let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            outcome.env.insert(format!("DOCKER_METADATA_OUTPUT_{}", name.to_uppercase()), value.clone());
        }
        outcome.outputs.insert(name.to_owned(), value);
    };
    if metadata.version().is_empty() {
        call.warn("No Docker image version has been generated. Check tags input.");
    } else {
        group(call, "Docker image version", [metadata.version()]);
    }
    put("version", metadata.version().to_owned());
    let tags = metadata.tags();
    if tags.is_empty() {
        call.warn("No Docker tag has been generated. Check tags input.");
    } else {
        group(call, "Docker tags", &tags);
    }
    put("tags", tags.join(&separator("sep-tags")));
    put("tag-names", metadata.tag_names().join(&separator("sep-tags")));
    group(call, "Docker labels", &metadata.labels);
    put("labels", metadata.labels.join(&separator("sep-labels")));
    let levels = match call.env("DOCKER_METADATA_ANNOTATIONS_LEVELS") {
        "" => "manifest",
        levels => levels,
    };
    let annotations: Vec<String> = levels
        .split(',')
        .flat_map(|level| metadata.annotations.iter().map(move |annotation| format!("{level}:{annotation}")))
        .collect();
    group(call, "Annotations", &annotations);
    put("annotations", annotations.join(&separator("sep-annotations")));
    let labels = metadata.label_object();
    let all = json!({
        "tags": tags, "tag-names": metadata.tag_names(), "labels": labels, "annotations": annotations,
    });
    group(call, "JSON output", serde_json::to_string_pretty(&all).unwrap_or_default().lines());
    put("json", all.to_string());
    let target = inputs.text_or("bake-target", "docker-metadata-action");
    let dir = temporary(call)?;
    for (suffix, definition) in [
        ("-tags", json!({ "tags": tags, "args": metadata.arguments() })),
        ("-labels", json!({ "labels": labels })),
        ("-annotations", json!({ "annotations": annotations })),
        ("", json!({ "tags": tags, "labels": labels, "args": metadata.arguments() })),
    ] {
        let file = dir.join(format!("docker-metadata-action-bake{suffix}.json"));
        let text = serde_json::to_string_pretty(&json!({ "target": { target: definition } })).unwrap_or_default();
        write(call, &file, &text)?;
        if let Some(kind) = suffix.strip_prefix('-') {
            group(call, &format!("Bake file definition ({kind})"), text.lines());
        }
        put(&format!("bake-file{suffix}"), file.to_string_lossy().into_owned());
    }
    Ok(())
}
