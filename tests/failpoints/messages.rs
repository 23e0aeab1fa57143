//! A channel that takes everything, and remembers it.

use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use teamd_domain::delivery::DeliveryState;
use teamd_notify::{Channel, Failure, Outgoing, Reach, Recipient};
use teamd_store::Store;
use teamd_store::port::{DeliveryFilter, StoreError};

/// What was taken, by the identity of the message, and how often.
#[derive(Clone, Default)]
pub(crate) struct Room(Arc<Mutex<BTreeMap<String, u32>>>);

impl Channel for Room {
    fn name(&self) -> &str {
        "room"
    }

    fn reach(&self) -> Reach {
        Reach {
            place: Some((Recipient::Place, Vec::new())),
            ..Reach::default()
        }
    }

    fn most_at_once(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            *self.0.lock().unwrap().entry(outgoing.id.clone()).or_default() += 1;
            Ok("taken".to_owned())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Ok(String::new()) })
    }
}

impl Room {
    /// What is wrong: something was sent and never taken, or taken although nobody asked for it.
    pub(crate) fn judge(&self, store: &Store) -> Result<Vec<String>, StoreError> {
        let filter = DeliveryFilter {
            limit: usize::MAX,
            ..DeliveryFilter::default()
        };
        let all = store.read_blocking(move |read| read.deliveries(&filter))?;
        let taken = self.0.lock().unwrap().clone();
        let mut wrong = Vec::new();
        for one in &all {
            // What failed twenty times may still wait: an hour is longer than a life.
            let is_fine = match one.state {
                DeliveryState::Sent => taken.contains_key(&one.id),
                DeliveryState::Due | DeliveryState::Skipped => true,
                DeliveryState::Dead => false,
            };
            if !is_fine {
                wrong.push(format!("message {}: {:?} {:?}", one.id, one.state, one.reply));
            }
        }
        let asked = |id: &&String| all.iter().any(|one| one.id == **id);
        if taken.is_empty() || !taken.keys().all(|id| asked(&id)) {
            wrong.push(format!(
                "{} messages were taken, {} asked for",
                taken.len(),
                all.len()
            ));
        }
        Ok(wrong)
    }
}
