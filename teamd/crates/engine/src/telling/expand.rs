//! A row of the outbox becomes deliveries. The row goes in the same transaction, so that no event is lost between the two,
//! and none is told twice.

use super::{failing_row, off_row, set};
use crate::facts::Facts;
use team_shared::event::EventType;
use teamd_config::Notify;
use teamd_domain::Time;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::request::Request;
use teamd_notify::routing::Way;
use teamd_notify::{Told, delivery_id, plan};
use teamd_store::port::{AuditFilter, AuditRecord, Read, StoreResult, Tx};

/// Everything that planning looks at, held still.
pub(crate) struct Plan {
    pub(crate) facts: Facts,
    pub(crate) ways: Vec<Way>,
    pub(crate) config: Notify,
}

/// The audit row of an event.
pub(crate) fn row(read: &mut (impl Read + ?Sized), seq: u64) -> StoreResult<Option<AuditRecord>> {
    let filter = AuditFilter {
        after: seq.saturating_sub(1),
        limit: 1,
        ..AuditFilter::default()
    };
    Ok(read.audit(&filter)?.pop().filter(|record| record.seq == seq))
}

/// The audit row of an event as it is told: access is revoked by whoever took it back, with what they said, and not by
/// the daemon that found it gone.
pub(crate) fn row_to_tell(read: &mut (impl Read + ?Sized), seq: u64) -> StoreResult<Option<AuditRecord>> {
    let Some(mut record) = row(read, seq)? else {
        return Ok(None);
    };
    if record.kind == EventType::RequestRevoked {
        let filter = AuditFilter {
            request: record.request_id,
            newest_before: Some(seq),
            limit: 50,
            ..AuditFilter::default()
        };
        let rows = read.audit(&filter)?;
        if let Some(ending) = rows.into_iter().find(|row| row.kind == EventType::RequestEnding) {
            record.actor = ending.actor;
            if let Some(data) = record.data.as_object_mut() {
                data.insert("comment".to_owned(), ending.data["comment"].clone());
            }
        }
    }
    Ok(Some(record))
}

/// The event of a row, for whoever writes about it.
pub(crate) fn told<'a>(record: &'a AuditRecord, request: Option<&'a Request>) -> Told<'a> {
    Told {
        seq: record.seq,
        at: record.at,
        kind: record.kind,
        actor: &record.actor,
        request,
        data: &record.data,
    }
}

/// Files the deliveries of an event.
pub(crate) fn expand(tx: &mut dyn Tx, record: &AuditRecord, plan_by: &Plan, now: Time) -> StoreResult<()> {
    if plan_by.ways.is_empty() {
        return Ok(());
    }
    let request = match record.request_id {
        Some(id) => tx.request(&id)?,
        None => None,
    };
    let policy = plan_by.facts.policy.as_deref().map(|in_force| &in_force.policy);
    let directory = plan_by.facts.directory.as_deref();
    let event = told(record, request.as_ref());
    let mut ways = plan_by.ways.clone();
    for way in &mut ways {
        way.is_broken =
            set(tx, &off_row(&way.name))?.is_some() || set(tx, &failing_row(&way.name))?.is_some();
    }
    for planned in plan(&event, policy, directory, &ways, &plan_by.config.routes) {
        let recipient = planned.recipient.to_string();
        let delivery = Delivery {
            number: 0,
            id: delivery_id(&record.hash, &planned.channel, &recipient),
            seq: record.seq,
            kind: record.kind,
            request_id: record.request_id,
            channel: planned.channel,
            recipient,
            created_at: now,
            state: match planned.skip {
                Some(_) => DeliveryState::Skipped,
                None => DeliveryState::Due,
            },
            attempts: 0,
            not_before: now,
            tried_at: None,
            reply: planned.skip,
        };
        tx.push_delivery(&delivery)?;
    }
    Ok(())
}
