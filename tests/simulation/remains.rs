//! What is left when a seed is over.

use super::clock::SimClock;
use super::record::{Record, Told};
use super::world::World;
use team_shared::state::RequestState;
use teamd_store::Store;
use teamd_store::port::{AuditFilter, RequestFilter, StoreError};

impl World {
    /// Everything that the judge reads.
    pub(crate) fn record(&self) -> Record {
        let end = self.now();
        let store = Store::on_memory(&self.memory);
        let (told, requests, chain) = store
            .read_blocking(|read| {
                let rows = AuditFilter {
                    limit: usize::MAX,
                    ..AuditFilter::default()
                };
                let all = RequestFilter {
                    limit: usize::MAX,
                    ..RequestFilter::default()
                };
                Ok::<_, StoreError>((read.audit(&rows)?, read.requests(&all)?, read.verify_chain()?))
            })
            .expect("the tables are in memory");
        let told: Vec<Told> = told
            .into_iter()
            .map(|row| Told {
                at: (row.at - SimClock::time(0)).num_milliseconds(),
                kind: row.kind.as_str().to_owned(),
                request: row.request_id,
                data: row.data,
            })
            .collect();
        let said = |id| {
            let last = told.iter().rev().filter(|told| told.request == Some(id));
            let words = last.filter_map(|told| told.kind.strip_prefix("request."));
            words
                .filter_map(|word| match word {
                    "submitted" => Some(RequestState::Pending),
                    word => word.parse().ok(),
                })
                .next()
        };
        let unfolded = requests
            .iter()
            .filter(|request| said(request.id) != Some(request.state.word()))
            .map(|request| format!("{}: {}", request.id, request.state.word()));
        let open = requests
            .iter()
            .filter(|request| !request.state.word().is_terminal())
            .map(|request| format!("{} is {}", request.id.short(), request.state.word()));
        let (calls, changes) = self.model(|org, _, now| {
            org.advance(now);
            (org.calls().cloned().collect(), org.assignment_changes().to_vec())
        });
        Record {
            script: self.script.clone(),
            places: self.places.clone(),
            deeds: self.deeds(),
            open: open.collect(),
            unfolded: unfolded.collect(),
            told: told.clone(),
            calls,
            changes,
            chain: chain.fault,
            end,
        }
    }
}
