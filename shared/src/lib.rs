//! The wire contract between `teamd` and its clients: documents, identifiers, routes and error codes.
//!
//! Everything here is data with parsing and printing, and nothing else: no runtime, no I/O, no decisions. The daemon
//! converts these types at its `api` module and the client at its `client` module; neither lets them further in.
//!
//! * [`ids`] identifiers, parsed at the edge
//! * [`duration`] `2h30m` and friends
//! * [`text`] what free text may hold, and how foreign text is made inert for a terminal
//! * [`state`] the states of a request and of a grant
//! * [`request`], [`me`], [`directory`], [`policy`], [`grant`], [`activity`], [`audit`], [`status`],
//!   [`notification`] the documents
//! * [`report`] requests of a period, counted
//! * [`portal`] how granted access is used
//! * [`event`] the one vocabulary of audit, stream and notifications
//! * [`problem`] error codes, their HTTP status and their exit code
//! * [`terms`] the digest that a vote is bound to
//! * [`routes`] paths of the API

pub mod activity;
pub mod audit;
pub mod directory;
pub mod duration;
pub mod event;
pub mod freeze;
pub mod grant;
pub mod ids;
pub mod list;
pub mod me;
pub mod notification;
pub mod policy;
pub mod portal;
pub mod problem;
pub mod report;
pub mod request;
pub mod routes;
pub mod state;
pub mod status;
pub mod terms;
pub mod text;
