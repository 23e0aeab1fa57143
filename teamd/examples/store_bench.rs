//! Measures the store: commits a second (a request, two audit rows and an outbox row each), the wait of a removal behind a
//! busy writer, and audit rows checked a second.
//!
//! `cargo run --release -p teamd --example store_bench -- [FOLDER] [ROWS]`; the folder decides which disk is measured.

use std::path::Path;
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::event::EventDraft;
use teamd_domain::request::{Basis, Key, Request, State, Terms};
use teamd_store::port::{StoreError, StoreResult};
use teamd_store::{Store, WriteLane, verify_file};

const COMMITS: u64 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let path = Path::new(&folder).join(format!("store-bench-{}.db", std::process::id()));
    let store = Store::open(&path)?;

    let start = Instant::now();
    for number in 0..COMMITS {
        store.write_blocking(WriteLane::Normal, move |tx| submit(tx, number))?;
    }
    let each = start.elapsed() / u32::try_from(COMMITS)?;
    println!("commits: {:.0}/s, {each:?} each", 1.0 / each.as_secs_f64());

    let mut waits = removals_behind_a_busy_writer(&store)?;
    waits.sort();
    println!(
        "removal behind a busy writer: p50 {:?}, p99 {:?}",
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100]
    );

    let mut left = rows;
    while left > 0 {
        let batch = left.min(10_000);
        store.write_blocking(WriteLane::Background, move |tx| {
            (0..batch).try_for_each(|number| tx.append(now(), &event(number)).map(drop))
        })?;
        left -= batch;
    }
    store.close();
    let start = Instant::now();
    let check = verify_file(&path)?;
    let took = start.elapsed();
    println!(
        "verify: {} rows in {took:?}, {:.0} rows/s, fault: {:?}",
        check.rows,
        f64::from(u32::try_from(check.rows)?) / took.as_secs_f64(),
        check.fault
    );
    println!("file: {} MiB", std::fs::metadata(&path)?.len() >> 20);
    let start = Instant::now();
    drop(Store::open(&path)?);
    println!("open with quick check: {:?}", start.elapsed());
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    Ok(())
}

/// 200 writes wait at any time while one removal after the other comes in.
fn removals_behind_a_busy_writer(store: &Store) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut waits = Vec::new();
        let mut number = COMMITS;
        for _ in 0..20 {
            let busy = (0..200).map(|_| {
                number += 1;
                let number = number;
                store.write::<(), StoreError>(WriteLane::Normal, move |tx| submit(tx, number))
            });
            let busy = futures::future::try_join_all(busy);
            let removals = async {
                let mut waits = Vec::new();
                for _ in 0..10 {
                    let start = Instant::now();
                    let write = |tx: &mut dyn teamd_store::port::Tx| tx.append(now(), &event(1));
                    store.write::<u64, StoreError>(WriteLane::Removal, write).await?;
                    waits.push(start.elapsed());
                }
                Ok::<_, StoreError>(waits)
            };
            let (_, some) = futures::future::try_join(busy, removals).await?;
            waits.extend(some);
        }
        Ok(waits)
    })
}

fn submit(tx: &mut dyn teamd_store::port::Tx, number: u64) -> StoreResult<()> {
    tx.insert_request(&request(number))?;
    let seq = tx.append(now(), &event(number))?;
    tx.append(now(), &EventDraft::new(EventType::RequestApproved).of(id(number)))?;
    tx.push_outbox(seq, now())
}

fn now() -> Time {
    Time::UNIX_EPOCH + Duration::from_millis(1_795_000_000_000)
}

fn id(number: u64) -> RequestId {
    RequestId::from_parts(1_795_000_000_000 + number, 7)
}

fn event(number: u64) -> EventDraft {
    EventDraft::new(EventType::RequestSubmitted)
        .of(id(number))
        .text("account", "000011112222")
        .text(
            "permission_set",
            "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef",
        )
        .text(
            "digest",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        )
        .free(
            "justification",
            number.is_multiple_of(5).then_some("on call: pods restart"),
        )
}

fn request(number: u64) -> Request {
    Request {
        id: id(number),
        version: 1,
        key: Key {
            user: format!("user-{}", number % 50).parse().unwrap(),
            account: "000011112222".parse().unwrap(),
            permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
        },
        terms: Terms {
            revision: 1,
            shape: team_shared::terms::Shape::Floating,
            start_at: None,
            end_at: None,
            duration: team_shared::duration::Seconds::new(3600).unwrap(),
            justification: "on call: pods restart".into(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: now(),
        expires_at: now(),
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Pending,
    }
}
