//! Deliveries in memory.

use super::{Tables, restore_entry};
use crate::port::{DeliveryFilter, StoreError, StoreResult};
use crate::record::{millis, note, rounded};
use std::collections::BTreeMap;
use teamd_domain::Time;
use teamd_domain::delivery::{Delivery, DeliveryState};

impl Tables {
    pub(super) fn list_deliveries(&self, filter: &DeliveryFilter) -> Vec<Delivery> {
        let fits = |one: &&Delivery| {
            filter.request.is_none_or(|id| one.request_id == Some(id))
                && filter.state.is_none_or(|state| one.state == state)
                && filter
                    .channel
                    .as_ref()
                    .is_none_or(|channel| one.channel == *channel)
                && filter
                    .recipient
                    .as_ref()
                    .is_none_or(|recipient| one.recipient == *recipient)
                && filter.before.is_none_or(|before| one.number < before)
        };
        let newest_first = self.deliveries.values().rev();
        newest_first.filter(fits).take(filter.limit).cloned().collect()
    }

    pub(super) fn get_delivery(&self, id: &str) -> Option<Delivery> {
        let number = self.delivery_ids.get(id)?;
        self.deliveries.get(number).cloned()
    }

    pub(super) fn due_on(&self, channel: &str) -> Vec<&Delivery> {
        let due = |one: &&Delivery| one.channel == channel && one.state == DeliveryState::Due;
        let mut found: Vec<_> = self.deliveries.values().filter(due).collect();
        found.sort_by_key(|one| (one.not_before, one.number));
        found
    }

    pub(super) fn open_deliveries(&self) -> Vec<(String, DeliveryState, u64)> {
        let mut counts: BTreeMap<(String, &str), (DeliveryState, u64)> = BTreeMap::new();
        for one in self.deliveries.values() {
            if matches!(one.state, DeliveryState::Due | DeliveryState::Dead) {
                let key = (one.channel.clone(), one.state.as_str());
                counts.entry(key).or_insert((one.state, 0)).1 += 1;
            }
        }
        let rows = counts.into_iter();
        rows.map(|((channel, _), (state, count))| (channel, state, count))
            .collect()
    }

    pub(super) fn file_delivery(&mut self, delivery: &Delivery) -> StoreResult<bool> {
        if delivery.seq == 0 || delivery.seq > self.head().seq {
            return Err(StoreError::Database(format!(
                "there is no event {}",
                delivery.seq
            )));
        }
        if self.delivery_ids.contains_key(&delivery.id) {
            return Ok(false);
        }
        self.last_delivery += 1;
        let number = self.last_delivery;
        self.delivery_ids.insert(delivery.id.clone(), number);
        self.deliveries.insert(number, kept(delivery, number));
        let id = delivery.id.clone();
        self.undo(move |tables| {
            tables.deliveries.remove(&number);
            tables.delivery_ids.remove(&id);
            tables.last_delivery = number - 1;
        });
        Ok(true)
    }

    pub(super) fn write_delivery(&mut self, delivery: &Delivery) {
        let Some(old) = self.get_delivery(&delivery.id) else {
            return;
        };
        let number = old.number;
        let new = Delivery {
            created_at: delivery.created_at,
            state: delivery.state,
            attempts: delivery.attempts,
            not_before: delivery.not_before,
            tried_at: delivery.tried_at,
            reply: delivery.reply.clone(),
            ..old
        };
        let old = self.deliveries.insert(number, kept(&new, number));
        self.undo(move |tables| restore_entry(&mut tables.deliveries, number, old));
    }

    pub(super) fn drop_deliveries(&mut self, before: Time) -> usize {
        let settled =
            |one: &Delivery| one.state != DeliveryState::Due && millis(one.created_at) < millis(before);
        let gone: Vec<Delivery> = self
            .deliveries
            .values()
            .filter(|one| settled(one))
            .cloned()
            .collect();
        for one in &gone {
            self.deliveries.remove(&one.number);
            self.delivery_ids.remove(&one.id);
        }
        let count = gone.len();
        self.undo(move |tables| {
            for one in gone {
                tables.delivery_ids.insert(one.id.clone(), one.number);
                tables.deliveries.insert(one.number, one);
            }
        });
        count
    }
}

/// As the tables on disk keep it.
fn kept(delivery: &Delivery, number: u64) -> Delivery {
    Delivery {
        number,
        created_at: rounded(delivery.created_at),
        not_before: rounded(delivery.not_before),
        tried_at: delivery.tried_at.map(rounded),
        reply: delivery.reply.as_deref().map(note),
        ..delivery.clone()
    }
}
