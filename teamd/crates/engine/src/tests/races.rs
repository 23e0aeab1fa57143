//! Everybody at once, on a real database: of everything that can decide a request exactly one does.

use super::*;
use std::sync::{Arc, Barrier, Mutex};
use teamd_domain::request::Change;

const THREADS: usize = 64;
const ROUNDS: usize = 1_000;

fn person(name: &str) -> team_shared::ids::UserId {
    name.parse().unwrap()
}

/// Either of two approves.
fn basis() -> Basis {
    Basis {
        rule: Some("prod".to_owned()),
        rules: vec!["prod".to_owned()],
        demands: vec![Demand {
            rule: "prod".to_owned(),
            quorum: 1,
            approvers: [person("u-bob"), person("u-carol")].into(),
        }],
        overseers: Vec::new(),
        valid_until: None,
    }
}

/// What the thread of this number tries: two approvers, a rejection, the requester, the timer.
fn command(number: usize) -> Command {
    let approve = |by: &str| Command::Approve {
        by: person(by),
        comment: None,
        change: Change::default(),
        basis: basis(),
    };
    match number % 5 {
        0 => approve("u-bob"),
        1 => approve("u-carol"),
        2 => Command::Reject {
            by: person("u-bob"),
            comment: Some("no".to_owned()),
        },
        3 => Command::Cancel,
        _ => Command::Lapse,
    }
}

#[test]
fn of_sixty_four_who_decide_at_once_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("teamd.db")).unwrap();
    let begun = Time::from_timestamp(1_795_000_000, 0).unwrap();
    // Each round is over at the moment when its time to decide is: the timer and the approvers both have a case.
    let requests: Arc<Vec<Request>> = Arc::new(
        (0..ROUNDS)
            .map(|round| {
                let at = begun + TimeDelta::seconds(i64::try_from(round).unwrap());
                let filed = request(at, u128::try_from(round).unwrap(), 3_600, basis());
                Request {
                    expires_at: at + TimeDelta::minutes(1),
                    ..filed
                }
            })
            .collect(),
    );
    let barrier = Arc::new(Barrier::new(THREADS));
    let winners: Arc<Mutex<HashMap<RequestId, Vec<&'static str>>>> = Arc::default();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (store, requests, barrier, winners) = (
                store.clone(),
                Arc::clone(&requests),
                Arc::clone(&barrier),
                Arc::clone(&winners),
            );
            scope.spawn(move || {
                for (round, filed) in requests.iter().enumerate() {
                    if number == round % THREADS {
                        let next = submit(filed.clone(), &Actor::daemon(), filed.created_at);
                        let put = store.write_blocking(WriteLane::Normal, move |tx| file(tx, &next, begun));
                        put.unwrap();
                    }
                    barrier.wait();
                    // All have read the same before any of them decides.
                    let (id, command) = (filed.id, command(number + round));
                    let seen =
                        store.read_blocking(move |read| Ok::<_, StoreError>(read.request(&id)?.unwrap()));
                    let seen = seen.unwrap();
                    barrier.wait();
                    let name = command.name();
                    let now = match command {
                        Command::Lapse => filed.expires_at,
                        _ => filed.expires_at - TimeDelta::milliseconds(1),
                    };
                    let done = store.write_blocking(WriteLane::Normal, move |tx| {
                        carry_out(tx, &seen, &command, &Actor::daemon(), now)
                    });
                    if done.is_ok() {
                        winners.lock().unwrap().entry(id).or_default().push(name);
                    }
                    barrier.wait();
                }
            });
        }
    });
    let winners = winners.lock().unwrap();
    assert_eq!(winners.len(), ROUNDS);
    let mut kinds: HashMap<&str, usize> = HashMap::new();
    for filed in requests.iter() {
        let [winner] = winners[&filed.id][..] else {
            panic!("{:?} all decided {}", winners[&filed.id], filed.id);
        };
        *kinds.entry(winner).or_default() += 1;
        let id = filed.id;
        let stored = store
            .read_blocking(move |read| Ok::<_, StoreError>(read.request(&id)?.unwrap()))
            .unwrap();
        let expected = match winner {
            "approve" => RequestState::Activating,
            "reject" => RequestState::Rejected,
            "cancel" => RequestState::Cancelled,
            _ => RequestState::Expired,
        };
        assert_eq!(stored.state.word(), expected, "{winner}");
        assert_eq!(stored.version, 2);
    }
    // A race that the same one always wins is none.
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}
