//! `request ACCOUNT… SET`: one request for each account, several as one batch: all of them are filed, or none; and
//! `request --again ID`: the same as a past one.

use super::{Context, Failure, Outcome, decide, residual_in_words, resolve, wait, when};
use crate::cli::RequestArgs;
use crate::format;
use chrono::Duration;
use team_shared::duration::Seconds;
use team_shared::list::Page;
use team_shared::request::{RequestView, Submit, SubmitBatch};
use team_shared::state::RequestState;

pub(super) async fn run(cx: &Context, args: RequestArgs) -> Outcome {
    let wait: Option<Seconds> = args.wait.as_deref().map(str::parse).transpose()?;
    let past = match &args.again {
        Some(id) => Some(resolve::request(cx, id).await?),
        None => None,
    };
    let (accounts, set) = match (&args.targets[..], &past) {
        ([], Some(past)) => (
            vec![past.account.id.to_string()],
            past.permission_set.arn.to_string(),
        ),
        ([accounts @ .., set], _) if !accounts.is_empty() => {
            (resolve::accounts(cx, accounts).await?, set.clone())
        }
        _ => return Err(which()),
    };
    let template = template(cx, &args, set, past.as_ref())?;
    let key = args.idempotency_key.clone().unwrap_or_else(decide::fresh_key);
    let bodies: Vec<Submit> = accounts
        .iter()
        .map(|account_id| Submit {
            account_id: account_id.clone(),
            ..template.clone()
        })
        .collect();
    let filed = match &bodies[..] {
        [one] => cx.client.submit(one, &key).await.map(|view| vec![view]),
        _ => {
            let batch = SubmitBatch { requests: bodies };
            cx.client.submit_batch(&batch, &key).await.map(|page| page.items)
        }
    };
    let filed = match (filed, &accounts[..]) {
        (Ok(filed), _) => filed,
        (Err(error), [account]) => {
            return Err(resolve::with_near_accounts(cx, error.into(), account).await);
        }
        (Err(error), _) => return Err(error.into()),
    };
    let (filed, failures) = match wait {
        Some(timeout) => wait_for_all(cx, filed, timeout).await,
        None => (filed, Vec::new()),
    };
    // All are for one permission set and one length: said once, to whoever asks.
    if let Some(view) = filed.iter().find(|view| outlives(view)) {
        cx.out.note(&format!("! {}", residual_in_words(view)));
    }
    say_all(cx, &filed, args.dry_run)?;
    worst(cx, failures)
}

/// Waits for all of them at once: as each stands then, and what went otherwise. What was filed is filed, whatever becomes
/// of the waiting: its id must not be lost.
async fn wait_for_all(
    cx: &Context,
    filed: Vec<RequestView>,
    timeout: Seconds,
) -> (Vec<RequestView>, Vec<Failure>) {
    let waits = filed.into_iter().map(|view| async move {
        match wait::until(cx, &view.id, &[RequestState::Active], timeout).await {
            Ok(active) => (active, None),
            Err(failure) => {
                let now = cx.client.request_by_id(&view.id).await;
                (now.unwrap_or(view), Some(failure))
            }
        }
    });
    let all = futures::future::join_all(waits).await;
    let (views, failures): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    (views, failures.into_iter().flatten().collect())
}

/// Says all of them; the exit code is that of the worst: rejected or failed, then timed out, then what kept us from
/// looking.
fn worst(cx: &Context, failures: Vec<Failure>) -> Outcome {
    let mut worst: Option<Failure> = None;
    for failure in failures {
        let other = match worst.take() {
            Some(known) if known.exit_code() >= failure.exit_code() => {
                worst = Some(known);
                Some(failure)
            }
            known => {
                worst = Some(failure);
                known
            }
        };
        if let Some(other) = other {
            let _ = other.report(cx.out.is_json());
        }
    }
    worst.map_or(Ok(()), Err)
}

/// Whether sessions of the permission set are longer than the access that was asked for.
fn outlives(view: &RequestView) -> bool {
    view.permission_set.session_duration_seconds > view.duration_seconds
}

/// The last word is the permission set, so one word alone could be either.
fn which() -> Failure {
    Failure::usage(
        "name the account, then the permission set",
        "team-tui request ACCOUNT SET --for 2h --reason TEXT; `team-tui entitlements` lists both",
    )
}

/// What all requests of the command have in common; says the absolute times on stderr.
fn template(
    cx: &Context,
    args: &RequestArgs,
    set: String,
    past: Option<&RequestView>,
) -> Result<Submit, Failure> {
    let duration = args.duration.as_deref().map(str::parse::<Seconds>).transpose()?;
    let duration = match (duration.map(Seconds::get), &args.until) {
        (None, None) => past.map(|past| past.duration_seconds),
        (given, _) => given,
    };
    if past.is_some_and(|past| past.break_glass) && !args.break_glass {
        // Glass is broken by who says so, never by what was done once.
        cx.out
            .note("that one was break-glass; this one asks for approval, or say --break-glass");
    }
    let start_at = args
        .at
        .as_deref()
        .map(|at| when::parse_future(at, cx.now))
        .transpose()?;
    let end_at = args
        .until
        .as_deref()
        .map(|at| when::parse_future(at, cx.now))
        .transpose()?;
    if let (Some(start), Some(end)) = (start_at, end_at)
        && end <= start
    {
        return Err(Failure::usage(
            "--until is not after --at",
            "give a later end, or --for",
        ));
    }
    let both = |at| format::in_utc_too(at, cx.out.zone());
    if let Some(start) = start_at {
        cx.out.note(&format!("starts {}", both(start)));
    }
    if let Some(end) = end_at.or_else(|| Some(start_at? + Duration::seconds(duration?))) {
        cx.out.note(&format!("ends   {}", both(end)));
    }
    Ok(Submit {
        account_id: String::new(),
        permission_set: set,
        duration_seconds: duration,
        end_at,
        start_at,
        justification: args
            .reason
            .clone()
            .or_else(|| past.map(|past| past.justification.clone()))
            .unwrap_or_default(),
        ticket: args.ticket.clone().or_else(|| past?.ticket.clone()),
        break_glass: args.break_glass,
        batch_id: None,
        dry_run: args.dry_run,
    })
}

fn say_all(cx: &Context, filed: &[RequestView], dry_run: bool) -> Outcome {
    if dry_run && !filed.is_empty() {
        cx.out.note("dry run: nothing was filed");
    }
    match filed {
        [view] => decide::say(cx, view),
        [] => Ok(()),
        several if cx.out.is_json() => cx.out.document(&Page::whole(several.to_vec())),
        several => several.iter().try_for_each(|view| decide::say(cx, view)),
    }
}
