//! `run ACCOUNT SET … -- CMD`: access for exactly as long as a command needs it. Whatever happens to the command or to us,
//! what was asked for is taken back: cancelled while it waits, `done` once it is live.
//!
//! * [`file`] the beginning · [`child`] the command, its environment and its signals · [`signin`] AWS's sign-in · [`give_back`] the end

mod child;
mod file;
mod give_back;
mod signin;

use super::{Context, Failure, Outcome, decide, resolve, wait};
use crate::cli::RunArgs;
use crate::profile::Profile;
use child::Signals;
use std::io::Write;
use team_shared::duration::Seconds;
use team_shared::request::{RequestView, Submit};
use team_shared::state::RequestState;

pub(super) async fn run(cx: &Context, args: RunArgs) -> Outcome {
    let duration: Seconds = args.duration.parse()?;
    let timeout: Seconds = args.timeout.parse()?;
    // From here on no signal ends us before what was asked for is taken back.
    let mut signals = Signals::new()?;
    let accounts = resolve::accounts(cx, std::slice::from_ref(&args.account)).await?;
    let account_id = accounts.into_iter().next().unwrap_or_default();
    let body = Submit {
        account_id: account_id.clone(),
        permission_set: args.permission_set.clone(),
        duration_seconds: Some(duration.get()),
        end_at: None,
        start_at: None,
        justification: args.reason.clone(),
        ticket: args.ticket.clone(),
        break_glass: args.break_glass,
        batch_id: None,
        dry_run: false,
    };
    let view = match file::file(cx, &body).await {
        Ok(view) => view,
        Err(failure) => return Err(resolve::with_near_accounts(cx, failure, &account_id).await),
    };
    cx.out.note(&decide::line(&view, cx.out.zone()));
    let outcome = tokio::select! {
        signal = signals.next() => Err(Failure::Command(child::code_of(signal))),
        active = wait::until(cx, &view.id, &[RequestState::Active], timeout) => active,
    };
    let outcome = match outcome {
        Ok(active) => with_access(cx, &active, &args, &mut signals).await,
        Err(failure) => Err(failure),
    };
    give_back::give_back(cx, &view.id).await;
    outcome
}

/// Everything between the beginning of the access and its end.
async fn with_access(cx: &Context, active: &RequestView, args: &RunArgs, signals: &mut Signals) -> Outcome {
    cx.out.note(&decide::line(active, cx.out.zone()));
    let access = cx.client.use_of(&active.id).await?;
    let profile = Profile::of(&access).map_err(|why| Failure::Failed {
        detail: format!("no AWS profile can be made, so the command was not run: {why}"),
        help: Some("the administrator of teamd sets it".to_owned()),
    })?;
    let place = child::Place::new(&profile)?;
    signin::sign_in(cx, &profile, &place, signals).await?;
    let code = child::run(cx, &active.id, &args.command, &place, signals).await?;
    match code {
        0 => Ok(()),
        code => Err(Failure::Command(code)),
    }
}

/// A line on stderr that is worth saying with `--json` too.
fn say_aloud(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::format::inert(text));
}
