//! `freeze --reason TEXT [--revoke]` and `unfreeze`.

use super::{Context, Outcome};
use crate::format;
use team_shared::freeze::{Freeze, FreezeState, Unfreeze};

pub(super) async fn on(cx: &Context, reason: &str, revoke: bool) -> Outcome {
    let body = Freeze {
        reason: reason.to_owned(),
        revoke,
    };
    say(cx, &cx.client.freeze(&body).await?, revoke)
}

pub(super) async fn off(cx: &Context, reason: Option<&str>) -> Outcome {
    let body = Unfreeze {
        reason: reason.map(str::to_owned),
    };
    say(cx, &cx.client.unfreeze(&body).await?, false)
}

fn say(cx: &Context, state: &FreezeState, revoke: bool) -> Outcome {
    if cx.out.is_json() {
        return cx.out.document(state);
    }
    let Some(frozen) = &state.frozen else {
        return cx
            .out
            .line("not frozen any more: what is due and still in its window starts now");
    };
    cx.out.line(&format!(
        "frozen by {} since {}: {}",
        frozen.by,
        format::full(frozen.since, cx.out.zone()),
        frozen.reason
    ))?;
    if revoke {
        cx.out.line(&format!(
            "{} requests are being ended; `team-tui ls --active` shows what is left",
            state.ended
        ))?;
    } else {
        cx.out
            .note("live access goes on until its end; `team-tui freeze --revoke` ends it too");
    }
    Ok(())
}
