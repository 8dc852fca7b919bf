//! `trunkline doctor`: whether this machine and this configuration can run workflows, found out by trying.

mod configuration;
mod machine;
mod programs;
mod sandbox;

use explain::doctor::{State, worst};

use crate::args::PlaceArgs;
use crate::dirs::Dirs;
use crate::failure::{Failure, SUCCESS};
use crate::why_command::show;

/// Exit code when something stands in the way.
const SICK: u8 = 1;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Nothing is changed, and no secret is read aloud. A sandbox is made for a moment, to see what it is made of.

Exit codes: 0 nothing stands in the way of runs · 1 something does

Examples:
  trunkline doctor          the machine, and the repository here
  trunkline doctor --json   for programs")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// One JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let mut findings = machine::look();
    let dirs = Dirs::from_env();
    if let Ok(dirs) = &dirs {
        findings.extend(sandbox::look(dirs));
        findings.extend(machine::disks(dirs));
    }
    findings.extend(programs::look());
    findings.extend(configuration::look(&args.place, dirs));
    if args.json {
        show::print_json(&findings)?;
    } else {
        show::print(|_| explain::doctor::lines(&findings));
    }
    Ok(if worst(&findings) == State::Fail { SICK } else { SUCCESS })
}
