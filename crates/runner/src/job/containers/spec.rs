//! `container:` and `services:`, evaluated, as containers to be made.

use std::fmt;
use std::path::Path;

use container::{JobKey, Options, Surroundings};
use expr::{Object, Value};
use image::auth::Credentials;

/// One container that a job asks for.
#[derive(Clone, Debug)]
pub(crate) struct ContainerSpec {
    /// Without `docker://`.
    pub(crate) image: String,
    pub(crate) options: Options,
    /// `entrypoint` of a service stands in the options.
    pub(crate) command: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
}

/// A service with its name, which is also how others find it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceSpec {
    pub(crate) id: String,
    pub(crate) container: ContainerSpec,
}

/// A key that says what cannot be, as it is called in messages (`services.db.ports`), and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) key: String,
    /// What follows the key's name: `: it is …`, or ` is text, not a list`.
    why: String,
}

impl Refused {
    fn new(key: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { key: key.into(), why: format!(": {why}") }
    }

    fn form(key: impl Into<String>, expected: &str, found: &Value) -> Self {
        Self { key: key.into(), why: format!(" is {expected}, not {}", found.kind()) }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`{}", self.key, self.why)
    }
}

/// What the job's own container is; `None` when the image is empty, as GitHub has it.
pub(crate) fn container(value: &Value) -> Result<Option<ContainerSpec>, Refused> {
    read(value, "container", JobKey::Container)
}

/// The services, in order. Those with an empty image are left out.
pub(crate) fn services(value: &Value) -> Result<Vec<ServiceSpec>, Refused> {
    let Value::Object(all) = value else {
        return Err(Refused::form("services", "a mapping of names to containers", value));
    };
    let mut found = Vec::new();
    for (id, value) in all.iter() {
        let name = format!("services.{id}");
        if let Some(container) = read(value, &name, JobKey::Service)? {
            found.push(ServiceSpec { id: id.to_owned(), container });
        }
    }
    Ok(found)
}

fn read(value: &Value, name: &str, key: JobKey) -> Result<Option<ContainerSpec>, Refused> {
    let object = match value {
        Value::Object(object) => object.clone(),
        Value::Null => return Ok(None),
        Value::String(_) => {
            let image = ("image", value.clone());
            [image].into_iter().collect::<Object>().into()
        }
        other => return Err(Refused::form(name, "an image or a mapping", other)),
    };
    let image = text(&object, name, "image")?.unwrap_or_default();
    let image = image.strip_prefix("docker://").unwrap_or(&image).trim().to_owned();
    if image.is_empty() {
        return Ok(None);
    }
    let refused = |what: &str, why: &dyn fmt::Display| Refused::new(format!("{name}.{what}"), why);
    let asked = text(&object, name, "options")?.unwrap_or_default();
    let mut options =
        Options::from_job(&asked, key, &Surroundings::none()).map_err(|error| refused("options", &error))?;
    // Ports and volumes are what `-p` and `-v` take.
    for (what, flag) in [("ports", "--publish"), ("volumes", "--volume")] {
        for text in list(&object, name, what)? {
            let words = [flag.to_owned(), text];
            let given = Options::from_args(&words, &Surroundings::none()).map_err(|error| refused(what, &error))?;
            options.publish.extend(given.options.publish);
            options.mounts.extend(given.options.mounts);
        }
    }
    if let Some(mount) = options.mounts.iter().find(|mount| names_docker_socket(mount)) {
        let why = "cannot be mounted: no Docker daemon runs here; steps can use the command `docker` without it";
        return Err(refused("volumes", &format!("{} {why}", mount.target)));
    }
    for (key, value) in mapping(&object, name, "env")? {
        options.env.push((key, Some(value)));
    }
    for variable in ["GITHUB_ACTIONS", "CI"] {
        if variable == "GITHUB_ACTIONS" || !options.env.iter().any(|(name, _)| name == variable) {
            options.env.push((variable.to_owned(), Some("true".to_owned())));
        }
    }
    if let Some(entrypoint) = text(&object, name, "entrypoint")? {
        options.entrypoint = Some(entrypoint);
    }
    let command = match text(&object, name, "command")? {
        Some(text) => crate::shell::words(&text),
        None => Vec::new(),
    };
    Ok(Some(ContainerSpec { image, options, command, credentials: credentials(&object, name)? }))
}

fn names_docker_socket(mount: &container::options::Mount) -> bool {
    matches!(&mount.source, container::options::Source::Bind { path, .. } if path.ends_with("/docker.sock"))
}

fn credentials(object: &Object, name: &str) -> Result<Option<Credentials>, Refused> {
    let given = mapping(object, name, "credentials")?;
    let find =
        |key: &str| given.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str());
    Ok(match (find("username"), find("password")) {
        (Some(username), Some(password)) if !username.is_empty() && !password.is_empty() => {
            Some(Credentials::basic(username, password))
        }
        _ => None,
    })
}

/// A key's text; `None` when it is not there or empty. Mistakes never show a value.
fn text(object: &Object, name: &str, key: &str) -> Result<Option<String>, Refused> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
            Ok(Some(value.to_display_string().into_owned()).filter(|text| !text.is_empty()))
        }
        Some(other) => Err(Refused::form(format!("{name}.{key}"), "text", other)),
    }
}

fn list(object: &Object, name: &str, key: &str) -> Result<Vec<String>, Refused> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items
            .iter()
            .map(|item| item.to_display_string().trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()),
        Some(Value::String(one)) => Ok(vec![one.to_string()]),
        Some(other) => Err(Refused::form(format!("{name}.{key}"), "a list", other)),
    }
}

fn mapping(object: &Object, name: &str, key: &str) -> Result<Vec<(String, String)>, Refused> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Value::Object(all)) => {
            Ok(all.iter().map(|(name, value)| (name.to_owned(), value.to_display_string().into_owned())).collect())
        }
        Some(other) => Err(Refused::form(format!("{name}.{key}"), "a mapping", other)),
    }
}

/// Whether a container wants something of the machine that runs the job mounted.
pub(crate) fn mounts_machine(options: &Options) -> bool {
    options.mounts.iter().any(|mount| matches!(mount.source, container::options::Source::Bind { .. }))
}

/// Whether a container wants a directory of the machine mounted, or some of it.
pub(crate) fn mounts(options: &Options, directory: &Path) -> bool {
    options.mounts.iter().any(|mount| match &mount.source {
        container::options::Source::Bind { path, .. } => {
            directory.starts_with(path) || Path::new(path).starts_with(directory)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(json: serde_json::Value) -> Result<Option<ContainerSpec>, Refused> {
        container(&Value::from_json(&json))
    }

    #[test]
    fn an_image_alone_or_with_everything() {
        let plain = read_json("docker://node:20".into()).unwrap().unwrap();
        assert_eq!(plain.image, "node:20");
        let names: Vec<_> = plain.options.env.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["GITHUB_ACTIONS", "CI"]);
        let full = read_json(serde_json::json!({
            "image": "ghcr.io/o/i:1", "env": {"A": 1, "CI": "no"}, "ports": [80, "8080:81/udp"],
            "volumes": ["data:/data", "/srv:/srv:ro"], "options": "--cpus 1 --health-cmd \"a b\"",
            "credentials": {"username": "ann", "password": "hunter2"}
        }))
        .unwrap()
        .unwrap();
        assert_eq!(full.options.publish.len(), 2);
        assert_eq!(full.options.mounts.len(), 2);
        assert_eq!(full.options.cpus, Some(1.0));
        assert_eq!(full.options.health.command.as_deref(), Some("a b"));
        assert_eq!(full.options.env.last(), Some(&("GITHUB_ACTIONS".to_owned(), Some("true".to_owned()))));
        assert!(full.options.env.contains(&("CI".to_owned(), Some("no".to_owned()))));
        assert!(!format!("{full:?}").contains("hunter2"));
        assert!(mounts_machine(&full.options) && !mounts_machine(&plain.options));
        for (directory, shown) in [("/srv", true), ("/srv/app", true), ("/", true), ("/home", false), ("/srvs", false)]
        {
            assert_eq!(mounts(&full.options, Path::new(directory)), shown, "{directory}");
        }
    }

    #[test]
    fn nothing_is_no_container() {
        for json in [serde_json::json!(""), serde_json::json!({"image": ""}), serde_json::json!(null)] {
            assert!(read_json(json.clone()).unwrap().is_none(), "{json}");
        }
        let two = serde_json::json!({"a": {"image": ""}, "b": "redis"});
        let found = services(&Value::from_json(&two)).unwrap();
        assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn mistakes_name_the_key() {
        for (json, want) in [
            (serde_json::json!([1]), "`container` is an image or a mapping, not "),
            (
                serde_json::json!({"image": "a", "options": "--network host"}),
                "`container.options`: --network is not supported",
            ),
            (serde_json::json!({"image": "a", "options": "--isolation x"}), "`container.options`: --isolation"),
            (serde_json::json!({"image": "a", "ports": ["x"]}), "`container.ports`: "),
            (serde_json::json!({"image": "a", "volumes": ["a:b"]}), "`container.volumes`: "),
            (serde_json::json!({"image": "a", "env": ["X"]}), "`container.env` is a mapping"),
            (
                serde_json::json!({"image": "a", "volumes": ["/var/run/docker.sock:/var/run/docker.sock"]}),
                "no Docker daemon runs here",
            ),
        ] {
            let error = read_json(json.clone()).unwrap_err().to_string();
            assert!(error.contains(want), "{json}: {error}");
        }
    }
}
