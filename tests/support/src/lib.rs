//! Harness for tests that drive the real binaries. It knows programs, sockets, users and JSON, and no type of the
//! daemon: what it sees is what an administrator would see.
//!
//! * [`aws`] `teamd simulate-aws` and its control endpoints · [`daemon`] `teamd` · [`client`] `team-tui`, as somebody
//! * [`socket`] HTTP on the daemon's socket without a client · [`uid`] calls as another uid, from a thread
//! * [`notify`] what a daemon tells systemd · [`process`] memory and descriptors of a process
//! * [`users`] users of this machine for the time of a test · [`python`] an interpreter with third-party emulators
//! * [`wait`] conditions with a deadline · [`chance`] seeds · [`log`] what programs say
//! * [`trusted`] folders that only the test's user can write · [`tmux`] a terminal · [`loud`] what a passing test has to say
//! * `suites` whether every suite is built · `coverage` whether `tests/coverage.toml` accounts for every feature and every known defect
//!
//! Everything that is started ends with its handle, also when a test fails, and a failing test shows the logs.

pub mod aws;
pub mod chance;
pub mod client;
#[cfg(test)]
mod coverage;
pub mod daemon;
pub mod log;
pub mod loud;
pub mod notify;
pub mod process;
pub mod python;
pub mod socket;
#[cfg(test)]
mod suites;
pub mod tmux;
pub mod trusted;
pub mod uid;
pub mod users;
pub mod wait;
