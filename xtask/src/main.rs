//! The project's own chores: `cargo xtask check | test | compat | bench`.
//!
//! Owns: rules that the compiler does not check, test set-up, measurements. Must not: be needed to build the program.

mod bench;
mod check;
mod compat;
mod problem;
mod test;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check                      rules of the code base
cargo xtask test [--no-install] [ARG…] install what the tests use, run them, count what was skipped
cargo xtask compat                     write docs/compat.md from scenarios/
cargo xtask bench engine [--rounds N] [--program PATH] [CASE…]
                                       figures of the engine beside a bare bash loop; builds a release unless
                                       a program is named
cargo xtask bench why [--rounds N] [--program PATH]
                                       explanations of an event in a large repository
cargo xtask bench containers [--rounds N] [--program PATH] [CASE…]
                                       figures of images, builds and registries beside runc, docker, skopeo and nginx
cargo xtask bench server [--rounds N] [--program PATH] [CASE…]
                                       figures of a server under load, on SQLite and on PostgreSQL
cargo xtask bench lint [--rounds N] [--program PATH] [--corpus DIR] [--table FILE [--beside LINTER]]
                                       figures of lint beside zizmor and actionlint; --table writes what lint and
                                       one of them agree on instead";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => check::run(),
        ["test", rest @ ..] => test::run(rest),
        ["compat"] => compat::run(),
        ["bench", "engine", rest @ ..] => bench::run(rest),
        ["bench", "why", rest @ ..] => bench::why(rest),
        ["bench", "lint", rest @ ..] => bench::lint::run(rest),
        ["bench", "server", rest @ ..] => bench::server(rest),
        ["bench", "containers", rest @ ..] => bench::containers(rest),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
