//! The verbs, a file each. Data goes to stdout, everything else to stderr; nothing ever prompts.
//!
//! * [`failure`] errors and exit codes · [`output`] tables, CSV, JSON · [`resolve`] short ids and names · [`when`]
//!   times · [`decide`] what the changing verbs share

mod accounts;
mod activity;
mod approve;
mod audit;
mod cancel;
mod claim;
mod decide;
mod directory;
mod done;
mod entitlements;
mod extend;
mod failure;
mod freeze;
mod grants;
mod lost;
mod ls;
mod motd;
mod notify;
mod open;
mod output;
mod permission_sets;
mod policy;
mod policy_edit;
mod policy_files;
mod policy_plan;
mod policy_test;
mod reject;
mod report;
mod request;
mod resolve;
mod review;
mod revoke;
mod run;
mod show;
mod status;
mod tail;
mod use_access;
mod wait;
mod watch;
mod when;
mod whoami;
mod why;

pub(crate) use activity::call as activity_call;
pub(crate) use failure::Failure;
pub(crate) use show::{residual_in_words, residual_of, sheet as request_sheet};
pub(crate) use status::{removals, sheet as health_sheet};
pub(crate) use when::parse_future as parse_time;
pub(crate) use why::lines as why_lines;

use crate::cli::{AuditVerb, Cli, DirectoryVerb, Global, PolicyVerb, Verb};
use crate::client::Client;
use crate::format::Zone;
use chrono::{DateTime, Utc};
use output::Output;
use std::process::ExitCode;

type Outcome = Result<(), Failure>;

/// What every verb works with.
struct Context {
    client: Client,
    out: Output,
    now: DateTime<Utc>,
    global: Global,
}

/// Runs the verb, or the dashboard where there is none, and reports an error on stderr.
pub(crate) async fn run(cli: Cli) -> ExitCode {
    let json = cli.global.json;
    match dispatch(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

async fn dispatch(cli: Cli) -> Outcome {
    let Some(verb) = cli.verb else {
        return open::dashboard(&cli.global, None).await;
    };
    let global = cli.global;
    let client = Client::new(&global.socket, !global.json)?.acting_as(global.act_as());
    let cx = Context {
        client,
        // `TZ`, else the machine's.
        out: Output::new(global.json, Zone::Local),
        now: crate::clock::now(),
        global,
    };
    match verb {
        Verb::Request(args) => request::run(&cx, args).await,
        Verb::Ls(args) => ls::run(&cx, args).await,
        Verb::Report(args) => report::run(&cx, args).await,
        Verb::Show { id } => show::run(&cx, &id).await,
        Verb::Wait { id, state, timeout } => wait::run(&cx, &id, &state, &timeout).await,
        Verb::Approve(args) => approve::run(&cx, args).await,
        Verb::Reject { ids, comment } => reject::run(&cx, &ids, &comment).await,
        Verb::Claim { id } => claim::run(&cx, &id, "claim").await,
        Verb::Unclaim { id } => claim::run(&cx, &id, "unclaim").await,
        Verb::Review {
            id,
            comment,
            acknowledge,
            acknowledge_all,
        } => review::run(&cx, &id, &comment, acknowledge, acknowledge_all).await,
        Verb::Freeze { reason, revoke } => freeze::on(&cx, &reason, revoke).await,
        Verb::Unfreeze { reason } => freeze::off(&cx, reason.as_deref()).await,
        Verb::Cancel { id } => cancel::run(&cx, &id).await,
        Verb::Revoke { id, comment } => revoke::run(&cx, &id, &comment).await,
        Verb::Done { id } => done::run(&cx, &id).await,
        Verb::Extend { id, duration, reason } => extend::run(&cx, &id, &duration, &reason).await,
        Verb::Use { id, write_profile } => use_access::run(&cx, &id, write_profile).await,
        Verb::Run(args) => run::run(&cx, args).await,
        Verb::Lost { id, reason } => lost::run(&cx, &id, &reason).await,
        Verb::Entitlements(list) => entitlements::run(&cx, &list).await,
        Verb::Accounts(list) => accounts::run(&cx, &list).await,
        Verb::PermissionSets(list) => permission_sets::run(&cx, &list).await,
        Verb::Grants(args) => grants::run(&cx, &args).await,
        Verb::Tail {
            id,
            all: _,
            follow,
            since,
            filter,
        } => {
            let asked = tail::Asked {
                id,
                follow,
                since,
                filter,
            };
            tail::run(&cx, asked).await
        }
        Verb::Activity { id, digest, list } => activity::run(&cx, &id, digest, &list).await,
        Verb::Watch { after, notify } => watch::run(&cx, after, notify).await,
        Verb::Notify(verb) => notify::run(&cx, verb).await,
        Verb::Motd => motd::run(&cx).await,
        Verb::Why(args) => why::run(&cx, args).await,
        Verb::Policy(verb) => match verb {
            PolicyVerb::Show { version } => policy::show(&cx, version).await,
            PolicyVerb::Edit { force } => policy_edit::run(&cx, force).await,
            PolicyVerb::Plan { file, base } => policy_plan::run(&cx, &file, base).await,
            PolicyVerb::Test { file, policy } => policy_test::run(&cx, &file, policy.as_deref()).await,
            PolicyVerb::Apply { file, base, force } => policy::apply(&cx, &file, base, force).await,
            PolicyVerb::Confirm { sha256 } => policy::confirm(&cx, &sha256).await,
            PolicyVerb::Rollback { version, force } => policy::roll_back(&cx, version, force).await,
            PolicyVerb::History { diff, list } => policy::history(&cx, &list, diff).await,
        },
        Verb::Directory(DirectoryVerb::Export) => directory::export(&cx).await,
        Verb::Audit(AuditVerb::Ls { limit, list }) => audit::ls(&cx, limit, &list).await,
        Verb::Audit(AuditVerb::Export { format }) => audit::export(&cx, &format).await,
        Verb::Audit(AuditVerb::Verify) => audit::verify(&cx).await,
        Verb::Whoami { explain: None } => whoami::run(&cx).await,
        Verb::Whoami { explain: Some(login) } => whoami::explain(&cx, &login).await,
        Verb::Status { short } => status::run(&cx, short).await,
        Verb::Open { id } => open::run(&cx, &id).await,
    }
}
