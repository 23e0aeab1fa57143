//! The whole path through the real binaries, as several Unix users, against an AWS that speaks AWS's wire formats.
//!
//! * [`whole_path`] request → refused self-approval → approval → assignment → gone, on two AWS emulators
//! * [`kills`] the same under kill -9 · [`faults`] the same while AWS misbehaves · [`unreachable`] without AWS
//! * [`six_people`] what people use it for, from break-fix to an investigation
//! * [`screens`] the dashboard in a real terminal
//! * [`standing`] access that is not ours · [`errors`] what people read · [`lifecycle`] signals · [`demo`] its world
//!
//! `TEAM_TEST_PYTHON` names a Python with `moto[server]` and `boto3`; without it the test makes itself one, or says that
//! it was skipped. `TEAM_E2E_KILLS` sets how often the daemon is killed, `TEAM_E2E_SEED` when.

mod demo;
mod errors;
mod faults;
mod kills;
mod lifecycle;
mod moto;
mod screens;
mod six_people;
mod standing;
mod unreachable;
mod whole_path;
mod world;

use std::path::Path;

/// The daemon under test; the client is beside it.
fn teamd() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_teamd"))
}
