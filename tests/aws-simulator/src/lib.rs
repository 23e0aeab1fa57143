//! A small AWS organisation that speaks AWS's wire protocols on loopback: for tests, for
//! `teamd simulate-aws` and for the demo.
//!
//! Three layers, each usable without those above it:
//! - [`organisation`]: the model. Synchronous, no clock, no I/O; also the fake for deterministic simulation.
//! - [`faults`]: what goes wrong, scripted.
//! - the wire ([`Simulator`]): an HTTP server that every AWS SDK can be pointed at.
//!
//! ```no_run
//! # async fn example() -> Result<(), aws_simulator::StartError> {
//! use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
//!
//! let simulator = Simulator::start(SimulatorConfig {
//!     faults: Faults::default().with(FaultRule::new("CreateAccountAssignment", FaultKind::Throttle).first(3)),
//!     ..SimulatorConfig::default()
//! })
//! .await?;
//! let endpoint = simulator.url(); // for AWS_ENDPOINT_URL
//! let calls = simulator.model().lock().unwrap().call_count();
//! # Ok(()) }
//! ```
//!
//! # Behind the scene
//!
//! | request | |
//! |---|---|
//! | `GET /_simulator/calls?after=N` | the call log, from call N + 1 on |
//! | `GET`, `POST /_simulator/faults` | the faults installed; replaces them (TOML, or JSON) |
//! | `POST /_simulator/reset-faults` | back to the faults it was started with |
//! | `GET /_simulator/assignments` | what is assigned, really |
//! | `POST`, `DELETE /_simulator/assignments` | adds, removes one at once: `{"user" or "group", "account", "permission_set"}` |
//! | `GET /_simulator/schedules` | EventBridge schedules, and how many of their calls were given up |
//! | `GET /_simulator/organisation` | ids and names of everything |
//! | `POST /_simulator/user-status` | `{"user", "enabled"}` |

pub mod cli;
mod clock;
pub mod faults;
pub mod organisation;
mod server;
mod wire;

pub use faults::{FaultKind, FaultRule, Faults, FaultsError};
pub use organisation::{
    AssignmentKey, CallError, CallLog, Caller, ErrorKind, Operation, Organisation, Outcome, Principal,
    Schedule, ScheduleSpec, Service,
};
pub use server::{Simulator, SimulatorConfig, StartError};
