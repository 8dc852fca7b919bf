//! Maven's `settings.xml`: credentials of a server, taken from the environment.

use std::fs;
use std::path::Path;

use crate::native::error::{Fault, Result};
use crate::native::files::{Files, absolute};
use crate::native::{NativeCall, NativeOutcome, setup};

pub(super) fn configure(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    for name in ["mvn-toolchain-id", "mvn-toolchain-vendor", "mvn-repositories"] {
        if inputs.some(name).is_some() {
            call.warn(format!("the input `{name}` has no effect: toolchains.xml and repositories are not written"));
        }
    }
    if setup::major(call) >= 6 && !inputs.flag("show-download-progress", false)? {
        let before = call.env("MAVEN_ARGS");
        if !before.contains("-ntp") {
            outcome.env.insert("MAVEN_ARGS".to_owned(), format!("{before} -ntp").trim().to_owned());
        }
    }
    let home = call.home().join(".m2");
    let dir = inputs.some("settings-path").map_or(home, |path| absolute(Path::new(path), &call.place.workspace));
    let file = dir.join("settings.xml");
    let files = Files(&call.place.sandbox);
    let real = files.resolve(&file).map_err(Fault::io("find", &file))?;
    let host = files.host(&real);
    let on_host = call.place.sandbox.isolation().mode == sandbox::Mode::Host;
    if host.exists()
        && (!inputs.flag("overwrite-settings", true)? || (on_host && inputs.some("settings-path").is_none()))
    {
        // On the host it is the user's own.
        call.say(format!("{} is there already and is left as it is", file.display()));
        return Ok(());
    }
    let servers = servers(call)?;
    if let Some(parent) = host.parent() {
        fs::create_dir_all(parent).map_err(Fault::io("make", &dir))?;
    }
    fs::write(host, settings(&servers)).map_err(Fault::io("write", &file))
}

/// Id and the names of two variables, of each server.
fn servers(call: &NativeCall) -> Result<Vec<[String; 3]>> {
    let inputs = call.inputs();
    let listed = inputs.lines("mvn-server-credentials");
    if !listed.is_empty() {
        let read = |line: &String| {
            let parts: Vec<String> = line.split(':').map(|part| part.trim().to_owned()).collect();
            <[String; 3]>::try_from(parts).map_err(|_| {
                Fault::Text(format!("mvn-server-credentials: `{line}` is not server-id:USERNAME_ENV:PASSWORD_ENV"))
            })
        };
        return listed.iter().map(read).collect();
    }
    let either = |name: &str, old: &str, default: &str| {
        inputs.some(name).or_else(|| inputs.some(old)).unwrap_or(default).to_owned()
    };
    Ok(vec![[
        inputs.text_or("server-id", "github").to_owned(),
        either("server-username-env-var", "server-username", "GITHUB_ACTOR"),
        either("server-password-env-var", "server-password", "GITHUB_TOKEN"),
    ]])
}

fn settings(servers: &[[String; 3]]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = String::from(
        "<settings xmlns=\"http://maven.apache.org/SETTINGS/1.0.0\">\n  <interactiveMode>false</interactiveMode>\n  <servers>\n",
    );
    for [id, user, password] in servers {
        let (id, user, password) = (escape(id), escape(user), escape(password));
        text.push_str(&format!(
            "    <server>\n      <id>{id}</id>\n      <username>${{env.{user}}}</username>\n      \
             <password>${{env.{password}}}</password>\n    </server>\n"
        ));
    }
    text.push_str("  </servers>\n</settings>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn names_are_escaped() {
        let text = settings(&[["a&b".to_owned(), "USER".to_owned(), "PASS".to_owned()]]);
        assert!(text.contains("<id>a&amp;b</id>") && text.contains("<username>${env.USER}</username>"));
    }
}
