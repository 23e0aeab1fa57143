//! `activity ID [--digest]`: what CloudTrail saw of a request's session.

use super::{Context, Outcome, output::Column, resolve};
use crate::cli::ListArgs;
use crate::coverage::{self, Cover};
use crate::format::{self, Zone};
use team_shared::activity::{ActivityItem, ActivityPage};
use team_shared::ids::RequestId;
use team_shared::list::Page;

/// So many columns has the table; the file has all, since programs have the room.
const IN_TABLE: usize = 8;

const COLUMNS: &[Column<ActivityItem>] = &[
    ("time", |a, zone| format::full(a.event_time, zone)),
    ("event", |a, _| call(a)),
    ("rw", |a, _| if a.read_only { "r" } else { "w" }.to_owned()),
    ("resources", |a, _| a.resources.join(" ")),
    ("region", |a, _| a.region.clone()),
    ("from", |a, _| a.source_ip.clone()),
    ("error", |a, _| a.error_code.clone().unwrap_or_default()),
    ("marks", |a, _| a.marks.join(" ")),
    ("event id", |a, _| a.event_id.clone()),
    ("account", |a, _| a.account_id.to_string()),
    ("user agent", |a, _| a.user_agent.clone()),
];

pub(super) async fn run(cx: &Context, id: &str, digest: bool, list: &ListArgs) -> Outcome {
    let view = resolve::request(cx, id).await?;
    if digest {
        return say_digest(cx, view.id, &cx.client.activity_digest(&view.id).await?);
    }
    let page = cx.client.activity(&view.id).await?;
    if cx.out.is_json() {
        return cx.out.document(&page);
    }
    say_coverage(cx, view.id, &page);
    let columns = if list.csv { COLUMNS } else { &COLUMNS[..IN_TABLE] };
    cx.out
        .list(&Page::whole(page.items), list, columns, "no events yet")
}

fn say_digest(cx: &Context, id: RequestId, page: &ActivityPage) -> Outcome {
    let digest = page.digest.clone().unwrap_or_default();
    if cx.out.is_json() {
        return cx.out.document(&digest);
    }
    say_coverage(cx, id, page);
    for (label, text) in crate::digest::lines(&digest, cx.out.zone()) {
        cx.out.line(&format!("{label:<8} {text}"))?;
    }
    Ok(())
}

/// What the rows cover, and how old the newest is: talk, beside the data.
fn say_coverage(cx: &Context, id: RequestId, page: &ActivityPage) {
    let said = coverage::of_one(&Cover::of_page(id, page), cx.out.zone());
    let said = coverage::with_newest(said, page.newest_event_at, cx.now);
    cx.out.note(&said.whole());
}

/// `ecs:UpdateService`.
pub(crate) fn call(item: &ActivityItem) -> String {
    let service = item.event_source.split('.').next().unwrap_or_default();
    format!("{service}:{}", item.event_name)
}

/// One line for a tail.
pub(super) fn line(item: &ActivityItem, zone: Zone) -> String {
    let mut text = format!(
        "{} {} {} {} {} {}",
        format::full(item.event_time, zone),
        item.request_id.map_or_else(|| "-".repeat(6), |id| id.short()),
        item.account_id,
        call(item),
        if item.read_only { "r" } else { "w" },
        item.source_ip,
    );
    if !item.resources.is_empty() {
        text += &format!(" {}", item.resources.join(" "));
    }
    if let Some(error) = &item.error_code {
        text += &format!(" ! {error}");
    }
    text
}
