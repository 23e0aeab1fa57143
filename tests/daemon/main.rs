//! The daemon in one process: its real engine, store and HTTP API on a socket of its own, against the simulated AWS.
//!
//! * [`support`] the harness: a daemon on a temporary store, callers, answers
//! * [`connections`] how many of them
//! * [`wire`] methods, paths, queries · [`bodies`] their size and shape · [`order`] which of two faults is named
//! * [`roles`] who may do what
//! * [`explain`] why somebody may or may not · [`changes`] of the policy
//! * [`life`], [`windows`], [`votes`], [`limits`], [`repeats`], [`basis`] the life of a request
//! * [`starts`] the last look before a start · [`fresh`] people whom AWS is asked about when somebody decides
//! * [`report`] requests, counted
//! * [`usage`] how granted access is used
//! * [`expectations`] what a policy author expects, put to the policy
//! * [`extension`], [`overlap`] several requests on one key · [`leases`] the leases file, and the sweep
//! * [`around`] claims and reviews · [`reminders`] with escalation · [`on_call`] who is on call · [`batches`]
//! * [`activity`] what was done with the access
//! * [`freeze`] the emergency stop · [`scenarios`] stories, told in files
//! * [`drift`] the sweeps, in simulated time
//! * [`backstop`] the dead-man's switch
//! * [`rush`] ten thousand sessions that end in the same second, on simulated time
//! * [`stream`] the event stream · [`audit`] the trail, [`tampering`] with it · [`restart`] the same store opened again
//! * [`sudo`] the login behind a uid
//! * [`commits`] what is decided while policy and directory change
//! * [`isolation`] what callers may occupy, and that no removal waits for it
//! * [`failures`] whatever can fail under access that was given
//! * [`defects`] what AWS's TEAM is known to do wrong, where no other test shows that this does not
//! * [`clock`] clocks that are wrong
//! * [`degraded`] a store that cannot be used · [`damage`] two hundred damaged databases
//! * [`telling`] messages to people, with real receivers
//! * [`tidy`] rules of the source tree · [`documented`] pages and sample files are true

mod accounts;
mod activity;
mod around;
mod audit;
mod backstop;
mod basis;
mod batches;
mod bodies;
mod budgets;
mod changes;
mod clock;
mod commits;
mod connections;
mod damage;
mod defects;
mod degraded;
mod documented;
mod drift;
mod expectations;
mod explain;
mod extension;
mod failures;
mod freeze;
mod fresh;
mod holds;
mod instance;
mod isolation;
mod leases;
mod life;
mod limits;
mod on_call;
mod order;
mod overlap;
mod reminders;
mod repeats;
mod report;
mod restart;
mod roles;
mod rush;
mod scenarios;
mod starts;
mod stream;
mod sudo;
mod support;
mod tampering;
mod telling;
mod tidy;
mod usage;
mod votes;
mod windows;
mod wire;
