//! PostgreSQL's own tools. What they connect with goes by the environment, where other users do not see it.

use std::process::Command;

use crate::ServerError;

pub(super) fn run(
    program: &str,
    options: &[&str],
    address: &str,
    more: impl FnOnce(&mut Command),
) -> Result<(), ServerError> {
    let mut command = Command::new(program);
    command.args(options).envs(variables(address));
    more(&mut command);
    let output = command.output().map_err(|error| {
        ServerError::Other(format!("{program}, which belongs to PostgreSQL's client, cannot be run: {error}"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ServerError::Other(format!("{program} failed: {told}")))
}

/// `postgres://user:password@host:port/name?host=…` as libpq's variables.
fn variables(address: &str) -> Vec<(&'static str, String)> {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, name) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (host, ""),
    };
    let mut found = vec![
        ("PGUSER", decode(user)),
        ("PGPASSWORD", decode(password)),
        ("PGHOST", decode(host.trim_matches(['[', ']']))),
        ("PGPORT", port.to_owned()),
        ("PGDATABASE", decode(name)),
    ];
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let variable = match key {
            "host" => "PGHOST",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" => "PGSSLMODE",
            _ => continue,
        };
        found.push((variable, decode(value)));
    }
    found.retain(|(_, value)| !value.is_empty());
    found
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn addresses_as_variables() {
        for (address, expected) in [
            (
                "postgres://ci:a%40b@db.internal:5433/trunk",
                &[
                    ("PGUSER", "ci"),
                    ("PGPASSWORD", "a@b"),
                    ("PGHOST", "db.internal"),
                    ("PGPORT", "5433"),
                    ("PGDATABASE", "trunk"),
                ][..],
            ),
            ("postgresql:///trunk?host=/run/pg", &[("PGDATABASE", "trunk"), ("PGHOST", "/run/pg")]),
        ] {
            let found = variables(address);
            let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(found, expected);
        }
    }
}
