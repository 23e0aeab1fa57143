//! The real daemon while its callers attack it: every removal is sent within a second of its end.
//!
//! The simulated AWS runs in this process, so the moment at which a `DeleteAccountAssignment` arrives is seen here. The
//! daemon runs in a process of its own with 8,192 descriptors and a store of 150,000 audit rows and 2,000 live grants.
//! The attackers run in a third process at a lower priority, each caller on a thread with a uid of its own.
//!
//! * [`schedule`] the phases of a run, and which end falls into which · [`store`] the store that the daemon starts on
//! * [`setup`] organisation, policy, configuration, uids · [`world`] the daemon, and a phase from its beginning to its end
//! * [`attack`] the table of attacks · [`floods`] what callers do · [`host`] what other processes on the host do
//! * [`callers`] the process that the callers live in · [`dashboards`] ordinary use, which must not be refused
//! * [`probes`] `status`, `freeze`, `revoke` during an attack · [`figures`] the table, and what fails the test
//!
//! To add an attack: a variant of `Attack` with its name in `attack.rs`, an arm in `floods::run` (callers) or in
//! `host::Host::begin` (other processes), a row in the tables of `docs/PERFORMANCE.md` and `SECURITY.md`.
//!
//! `cargo test -p teamd --test hostile -- --nocapture` prints the table. `TEAM_HOSTILE_PHASES=baseline,reads` runs only
//! these phases. Callers with other uids, and commands as root and security, require root; the run says what it skips.

mod attack;
mod callers;
mod dashboards;
mod figures;
mod floods;
mod host;
mod probes;
mod schedule;
mod setup;
mod store;
mod world;

use figures::Figures;
use schedule::Schedule;
use std::path::Path;
use std::time::Duration;
use team_test_support::wait::eventually;
use world::World;

/// The daemon under test.
fn teamd() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_teamd"))
}

/// From the last end until every assignment is gone and every request has ended.
const SETTLE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_delay_no_removal() {
    let mut schedule = Schedule::from_environment();
    let mut world = World::start(&mut schedule).await;
    let mut figures = Figures::new();
    for phase in &schedule.phases {
        world.run_phase(phase, &mut figures).await;
    }
    let keys: Vec<_> = schedule.phases.iter().flat_map(|phase| &phase.ends).collect();
    let removed = eventually("all assignments are gone", SETTLE * 2, async || {
        (world.assigned(&keys) == 0).then_some(())
    });
    if tokio::time::timeout(SETTLE, removed).await.is_err() {
        figures.fail(format!("{} assignments are still in AWS", world.assigned(&keys)));
    }
    world.finish(&schedule, &mut figures).await;
    figures.print();
    figures.assert();
}
