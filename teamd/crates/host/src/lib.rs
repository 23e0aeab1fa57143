//! What the daemon needs of the machine it runs on.
//!
//! * [`clock`] the time, from clocks that are compared with each other
//! * [`lifecycle`] start, reload, stop, and the messages to systemd
//! * `files` reads of files that may hang or that other users can write
//! * `procfs` login uids, mount options and uid maps from `/proc`
//! * `descriptors`, `priority` the limit on file descriptors and the niceness of threads
//! * [`failpoint`] places where tests make the daemon fail, compiled in for tests only

pub mod clock;
pub mod descriptors;
pub mod failpoint;
pub mod files;
pub mod lifecycle;
pub mod priority;
pub mod procfs;
