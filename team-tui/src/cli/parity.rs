//! Whatever a key of the dashboard does has a verb of the command line, and the other way round.

use super::Cli;
use crate::keymap::{Action, KEYS};
use crate::modals::command_line::COMMANDS;
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
        Action::Use => "use",
        Action::Lost => "lost",
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

/// Verbs without a key or a word of the palette, and where the dashboard has what they are for, or why it has not.
const WITHOUT: [(&str, &str); 12] = [
    ("wait", "rows change by themselves"),
    ("unclaim", "the key of `claim` gives one up that one has"),
    ("run", "it is about a command of the shell"),
    ("entitlements", "the first part of Policy"),
    ("accounts", "what may be asked for is picked in the request form"),
    ("permission-sets", "as the accounts"),
    (
        "watch",
        "the dashboard lives by the same stream, and calls by itself",
    ),
    ("motd", "for the shell's start; the tabs count the same"),
    ("why", "Enter on the first part of Policy"),
    ("directory", "a file for `teamd policy plan`"),
    ("whoami", "the first line of every screen"),
    ("notify", "for those who operate teamd, in a shell"),
];

#[test]
fn every_verb_has_a_key_or_a_word_or_a_reason() {
    let keys: BTreeSet<&str> = KEYS.iter().filter_map(|binding| verb(binding.action)).collect();
    let words: BTreeSet<&str> = COMMANDS.iter().map(|command| command.word).collect();
    let command = Cli::command();
    for known in command.get_subcommands().map(clap::Command::get_name) {
        let is_there = keys.contains(known) || words.contains(known);
        let is_excused = WITHOUT.iter().any(|(without, _)| *without == known);
        assert!(is_there || is_excused, "the dashboard has no {known}");
    }
    for (without, why) in WITHOUT {
        let is_verb = command.get_subcommands().any(|verb| verb.get_name() == without);
        let is_there = keys.contains(without) || words.contains(without);
        assert!(is_verb && !is_there, "{without} is no exception: {why}");
    }
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
