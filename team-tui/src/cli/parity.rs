//! Whatever a key of the dashboard does has a verb of the command line.

use super::Cli;
use crate::keymap::{Action, KEYS};
use clap::CommandFactory;
use std::collections::BTreeSet;

/// The verb that does the same; none: it is about the screen alone.
fn verb(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::Approve => "approve",
        Action::Reject => "reject",
        Action::Revoke => "revoke",
        Action::Cancel => "cancel",
        Action::Done => "done",
        Action::Extend => "extend",
        Action::Claim => "claim",
        Action::Review => "review",
        Action::Freeze => "freeze",
        Action::New | Action::Repeat => "request",
        Action::Open => "show",
        Action::Audit => "audit",
        Action::Access => "grants",
        // Who has what, and until when.
        Action::Bars => "ls",
        Action::NextPart | Action::Edit | Action::Apply => "policy",
        Action::Go(crate::Screen::Queue | crate::Screen::Mine | crate::Screen::History) => "ls",
        Action::Go(crate::Screen::Sessions | crate::Screen::Activity) => "tail",
        Action::Pause | Action::FollowOne => "tail",
        Action::Go(crate::Screen::Status) => "status",
        Action::Go(crate::Screen::Policy) => "policy",
        Action::NextScreen
        | Action::PreviousScreen
        | Action::Up
        | Action::Down
        | Action::Top
        | Action::Bottom
        | Action::PageUp
        | Action::PageDown
        | Action::Back
        | Action::Filter
        | Action::Sort
        | Action::SortBack
        | Action::Mark
        | Action::Command
        | Action::Help
        | Action::LocalTime
        | Action::Copy
        | Action::CopyMore
        | Action::Zoom
        | Action::Columns
        | Action::Mouse
        | Action::Write
        | Action::Resync
        | Action::Quit
        | Action::ForceQuit
        | Action::Suspend
        | Action::Submit
        | Action::NextField
        | Action::PreviousField
        | Action::Accept
        | Action::Complete => return None,
    })
}

#[test]
fn every_key_that_does_something_has_a_verb() {
    let verbs: BTreeSet<String> = Cli::command()
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let mut checked = 0;
    for binding in KEYS {
        if let Some(verb) = verb(binding.action) {
            assert!(verbs.contains(verb), "{:?}: no verb {verb}", binding.action);
            checked += 1;
        }
        assert!(
            !binding.action.changes() || verb(binding.action).is_some(),
            "{:?} changes something and has no verb",
            binding.action
        );
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn every_list_prints_json_and_csv() {
    let lists = [
        "ls",
        "report",
        "entitlements",
        "accounts",
        "permission-sets",
        "grants",
        "activity",
    ];
    for list in lists {
        let line = ["team-tui", list]
            .into_iter()
            .chain((list == "activity").then_some("7FQHX2"));
        for flag in ["--json", "--csv"] {
            let parsed = <Cli as clap::Parser>::try_parse_from(line.clone().chain([flag]));
            assert!(
                parsed.is_ok(),
                "{list} {flag}: {:?}",
                parsed.err().map(|error| error.to_string())
            );
        }
    }
}
