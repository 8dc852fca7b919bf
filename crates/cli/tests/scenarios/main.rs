//! Every directory of `scenarios/` is a test of its own: `cargo nextest run -p trunkline --test scenarios 07`.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use testkit::{Binary, discover};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let binary = Binary::new(env!("CARGO_BIN_EXE_trunkline"));
    let scenarios = match discover(&root) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{}: {error}", root.display());
            return ExitCode::FAILURE;
        }
    };
    let trials = scenarios
        .into_iter()
        .map(|scenario| {
            let binary = binary.clone();
            Trial::test(scenario.name.clone(), move || scenario.perform(&binary).map_err(Failed::from))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
