//! What is read of a database that is damaged.

use super::builders::{active, request};
use crate::port::StoreResult;
use teamd_domain::grant::{Grant, State};

#[test]
fn access_without_grant_row_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("teamd.db");
    let store = crate::Store::open(&path).unwrap();
    let live = request(1, active(3600));
    let (key, created_at) = (live.key.clone(), live.created_at);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let written: StoreResult<()> = runtime.block_on(store.remove(move |tx| {
        tx.insert_request(&live)?;
        tx.save_grant(&Grant::new(live.key.clone()))
    }));
    written.unwrap();
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute("DELETE FROM grants", []).unwrap();
    let found = crate::salvage(&path);
    assert_eq!(found.requests.len(), 1);
    let grant = &found.grants[&key];
    assert_eq!(
        (&grant.state, grant.owned_at),
        (&State::Present, Some(created_at))
    );
}
