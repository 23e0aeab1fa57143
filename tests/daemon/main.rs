//! The daemon in one process: its real engine, store and HTTP API on a socket of its own, against the simulated AWS.
//!
//! * [`support`] the harness: a daemon on a temporary store, callers, answers
//! * [`wire`] methods, paths, queries · [`bodies`] their size and shape · [`order`] which of two faults is named
//! * [`roles`] who may do what
//! * [`explain`] why somebody may or may not · [`changes`] of the policy
//! * [`life`], [`windows`], [`votes`], [`limits`], [`repeats`], [`basis`] the life of a request
//! * [`usage`] how granted access is used
//! * [`expectations`] what a policy author expects, put to the policy
//! * [`extension`], [`overlap`] several requests on one key · [`leases`] the leases file, and the sweep
//! * [`drift`] the sweeps, in simulated time
//! * [`backstop`] the dead-man's switch
//! * [`rush`] ten thousand sessions that end in the same second, on simulated time
//! * [`stream`] the event stream · [`audit`] the trail · [`restart`] the same store opened again
//! * [`failures`] whatever can fail under access that was given
//! * [`clock`] clocks that are wrong
//! * [`degraded`] a store that cannot be used · [`damage`] two hundred damaged databases
//! * [`tidy`] the floors of the source tree, and that the sample files are read

mod audit;
mod backstop;
mod basis;
mod bodies;
mod changes;
mod clock;
mod damage;
mod degraded;
mod drift;
mod expectations;
mod explain;
mod extension;
mod failures;
mod leases;
mod life;
mod limits;
mod order;
mod overlap;
mod repeats;
mod restart;
mod roles;
mod rush;
mod stream;
mod support;
mod tidy;
mod usage;
mod votes;
mod windows;
mod wire;
