//! Answers of the daemon and its events. Rows change only by what the daemon says; nothing is shown as done before.

use super::answers;
use crate::app::{App, Link, Screen, Tail};
use crate::client::ClientError;
use crate::effect::Effect;
use crate::message::{Message, Snapshot};
use chrono::{DateTime, Utc};
use team_shared::activity::{ActivityItem, ActivityPage};
use team_shared::event::{Event, EventType};
use team_shared::ids::RequestId;
use team_shared::request::RequestView;

/// Above this many changed requests, everything is read again instead.
const MANY: usize = 16;
/// Seconds until a failed reading is tried again.
const RETRY: i64 = 5;
/// Activity items kept of a session, and audit rows kept at all.
const KEEP: usize = 500;

pub(super) fn on(app: &mut App, message: Message) -> Vec<Effect> {
    match message {
        Message::Linked => {
            if let Link::Lost { since, .. } = app.link {
                let away = crate::format::span((app.now - since).num_seconds());
                app.say(format!("teamd is back after {away}"));
            }
            app.link = Link::Live;
            // Activity is not resumable by id: what is shown is read again when needed.
            app.tails.clear();
            return load(app);
        }
        Message::Unlinked { why, retry_at } => {
            let since = match app.link {
                Link::Lost { since, .. } => since,
                Link::Live | Link::Connecting => app.now,
            };
            app.link = Link::Lost { since, why, retry_at };
            app.loading = false;
            app.refreshing = false;
            app.report.is_reading = false;
            super::pages::failed(app);
        }
        Message::Event(event) => return on_event(app, *event),
        Message::Activity(item) => on_activity(app, *item),
        Message::ActivityGap(missed) => super::activity::gap(app, missed),
        Message::Loaded(snapshot) => return on_loaded(app, *snapshot),
        Message::LoadFailed(error) => {
            app.loading = false;
            app.retry_at = Some(app.now + chrono::Duration::seconds(RETRY));
            app.complain(explain(&error));
        }
        Message::OlderRead(Ok(page)) => return super::pages::take(app, page).into_iter().collect(),
        Message::OlderRead(Err(error)) => {
            super::pages::failed(app);
            app.complain(explain(&error));
        }
        Message::Refreshed(views) => {
            app.refreshing = false;
            app.fresh_at = Some(app.now);
            for (id, view) in views {
                match view {
                    Some(view) => keep(app, view),
                    None => {
                        app.marked.remove(&id);
                        app.requests.remove(&id);
                    }
                }
            }
            let mut effects = super::alerts::call(app);
            effects.extend(refresh(app));
            effects.extend(super::report::load(app));
            return effects;
        }
        Message::RefreshFailed(ids) => {
            app.refreshing = false;
            app.retry_at = Some(app.now + chrono::Duration::seconds(RETRY));
            app.stale.extend(ids);
        }
        Message::Health(health) => {
            if let Some(health) = health {
                app.health = Some(*health);
            }
        }
        Message::ActivityRead(id, result) => on_activity_read(app, id, result),
        // What was taken away meanwhile is read as a whole.
        Message::CoverageRead(id, result) => {
            if let Some(tail) = app.tails.get_mut(&id) {
                cover(tail, app.now, result.as_deref());
            }
        }
        Message::DigestRead(id, result) => {
            cover(app.digests.entry(id).or_default(), app.now, result.as_deref());
        }
        Message::RecordRead(Ok(page)) => super::activity::take_record(app, &page),
        Message::RecordRead(Err(error)) => {
            app.feed.sheet = None;
            app.complain(explain(&error));
        }
        Message::UseRead(id, result) => super::use_sheet::take(app, id, result),
        Message::TimelineRead(id, events) => {
            let known = app.timelines.entry(id).or_default();
            known.extend(events);
            known.sort_by_key(|event| event.seq);
            known.dedup_by_key(|event| event.seq);
        }
        Message::AuditRead(Ok(events)) => app
            .audit
            .extend(events.into_iter().map(|event| (event.seq, event))),
        Message::AuditRead(Err(error)) => app.complain(explain(&error)),
        Message::ReportRead(Ok(report)) => return super::report::take(app, *report),
        Message::ReportRead(Err(error)) => {
            app.report.is_reading = false;
            app.complain(explain(&error));
        }
        Message::AccessRead(Ok(rows)) => {
            if let Some(access) = &mut app.access {
                access.take(*rows);
            }
        }
        Message::AccessRead(Err(error)) => app.complain(explain(&error)),
        Message::PolicyRead(Ok(read)) => {
            if let crate::policy::Read::Applied(text) = read.as_ref() {
                app.say(text.clone());
            }
            let is_applied = matches!(*read, crate::policy::Read::Applied(_));
            app.policy.take(*read);
            if is_applied {
                return vec![Effect::LoadPolicy];
            }
        }
        Message::PolicyRead(Err(error)) => app.complain(explain(&error)),
        Message::EditReady(draft, line) => {
            app.policy.draft = Some(draft.clone());
            return vec![Effect::OpenEditor(draft, line)];
        }
        Message::EditFailed(text) => app.complain(text),
        Message::Answered { verb, result } => answers::one(app, verb, result),
        Message::AllAnswered { verb, results } => answers::all(app, verb, results),
        Message::Filed(result) => answers::several(app, result),
        Message::Frozen(Ok(state)) => {
            super::attention::frozen(app, &state);
            return load(app);
        }
        Message::Frozen(Err(error)) => app.complain(explain(&error)),
        Message::Chaos(line) => {
            app.say(format!("chaos: {line}"));
            app.chaos.push(line);
        }
        Message::Key(_) | Message::Mouse(_) | Message::Written(_) | Message::Paste(_) | Message::Tick(_) => {}
    }
    Vec::new()
}

/// Takes a request as it was read, unless something newer is known: answers may overtake each other.
pub(super) fn keep(app: &mut App, view: RequestView) {
    if app
        .requests
        .get(&view.id)
        .is_none_or(|known| known.version <= view.version)
    {
        app.requests.insert(view.id, view);
    }
}

/// Reads again what could not be read, once its time has come.
pub(super) fn retry(app: &mut App) -> Vec<Effect> {
    if !app.is_live() || app.retry_at.is_none_or(|at| at > app.now) {
        return Vec::new();
    }
    app.retry_at = None;
    if app.loaded { refresh(app) } else { load(app) }
}

/// Reads everything, or once more after the reading that is under way.
fn load(app: &mut App) -> Vec<Effect> {
    if app.loading {
        app.load_again = true;
        return Vec::new();
    }
    app.loading = true;
    app.stale.clear();
    vec![Effect::Load]
}

fn on_loaded(app: &mut App, snapshot: Snapshot) -> Vec<Effect> {
    app.loading = false;
    app.loaded = true;
    app.fresh_at = Some(app.now);
    let approver = snapshot.me.roles.iter().any(|role| role == "approver");
    app.me = Some(snapshot.me);
    let older = super::pages::first(app, snapshot.newest);
    for view in snapshot.open {
        keep(app, view);
    }
    app.entitlements = snapshot.entitlements;
    app.health = snapshot.health.or(app.health.take());
    if app.screen_undecided {
        app.screen_undecided = false;
        // The queue is for those who decide; to anyone else their own requests matter more.
        app.screen = if approver || app.rows(Screen::Queue).total > 0 {
            Screen::Queue
        } else {
            Screen::Mine
        };
    }
    if let Some(id) = app.open.take() {
        super::actions::open(app, id);
    }
    let mut effects = super::alerts::call(app);
    effects.extend(older);
    if std::mem::take(&mut app.load_again) {
        effects.extend(load(app));
    } else {
        effects.extend(refresh(app));
    }
    effects.extend(super::report::load(app));
    if app.on_audit() {
        effects.push(Effect::LoadAudit);
    }
    effects
}

fn on_event(app: &mut App, event: Event) -> Vec<Effect> {
    let wide = matches!(
        event.kind,
        EventType::PolicyApplied
            | EventType::FreezeOn
            | EventType::FreezeOff
            | EventType::DirectoryWidened
            | EventType::DaemonStarted
            | EventType::DaemonRevokeOnly
            | EventType::ClockSuspect
            | EventType::ClockClear
    );
    let is_access = matches!(
        event.kind,
        EventType::GrantConfirmed
            | EventType::GrantRemoved
            | EventType::GrantReappeared
            | EventType::GrantDrift
    );
    super::attention::remind(app, &event);
    super::alerts::note(app, &event);
    if let Some(id) = event.request_id {
        app.stale.insert(id);
        if let Some(timeline) = app.timelines.get_mut(&id)
            && timeline.last().is_none_or(|last| last.seq < event.seq)
        {
            timeline.push(event.clone());
        }
    }
    app.audit.insert(event.seq, event);
    while app.audit.len() > KEEP {
        app.audit.pop_first();
    }
    // These change what everybody may do, so every row may have changed.
    let mut effects = if wide { load(app) } else { refresh(app) };
    if is_access {
        effects.extend(super::actions::load_access(app));
    }
    effects
}

/// Reads changed requests, unless that is already under way: then they follow in one go.
fn refresh(app: &mut App) -> Vec<Effect> {
    if app.refreshing || app.loading || app.stale.is_empty() {
        return Vec::new();
    }
    if app.stale.len() > MANY {
        return load(app);
    }
    app.refreshing = true;
    let mut effects = vec![Effect::Refresh(std::mem::take(&mut app.stale))];
    if app.screen == Screen::Status || app.health.as_ref().is_some_and(|health| !health.short().healthy) {
        effects.push(Effect::LoadHealth);
    }
    effects
}

fn on_activity(app: &mut App, item: ActivityItem) {
    app.feed.take(item.clone());
    let Some(tail) = item.request_id.and_then(|id| app.tails.get_mut(&id)) else {
        return;
    };
    tail.newest = tail.newest.max(Some(item.event_time));
    tail.items.push(item);
    tidy(tail);
}

fn on_activity_read(app: &mut App, id: RequestId, result: Result<Box<ActivityPage>, ClientError>) {
    cover(app.tails.entry(id).or_default(), app.now, result.as_deref());
    if let Ok(page) = result {
        super::activity::take(app, id, &page);
        let tail = app.tails.entry(id).or_default();
        tail.items.extend(page.items);
        tidy(tail);
        super::dialogs::show_left_behind(app, id);
    }
}

/// What is covered of a session, or why that is not known.
fn cover(tail: &mut Tail, now: DateTime<Utc>, result: Result<&ActivityPage, &ClientError>) {
    tail.covered_at = Some(now);
    match result {
        Ok(page) => {
            tail.coverage.clone_from(&page.coverage);
            tail.complete_until = page.complete_until;
            tail.newest = tail.newest.max(page.newest_event_at);
            if page.digest.is_some() {
                tail.digest.clone_from(&page.digest);
            }
        }
        Err(error) => tail.coverage = format!("cannot be read: {}", explain(error)),
    }
}

fn tidy(tail: &mut Tail) {
    tail.items
        .sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
    tail.items.dedup_by(|a, b| a.event_id == b.event_id);
    let surplus = tail.items.len().saturating_sub(KEEP);
    tail.items.drain(..surplus);
}

/// What went wrong and what helps, in one line.
pub(super) fn explain(error: &ClientError) -> String {
    let mut text = error.to_string();
    if let ClientError::Problem(problem) = error {
        for wrong in &problem.errors {
            text += &format!("; {}: {}", wrong.field, wrong.message);
        }
    }
    match error.help() {
        Some(help) => format!("{text} ({help})"),
        None => text,
    }
}
