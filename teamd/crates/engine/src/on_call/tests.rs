use super::*;
use crate::Facts;
use std::path::Path;
use std::sync::mpsc;

const TIMEOUT: Duration = Duration::from_secs(1);

fn time(seconds: i64) -> Time {
    Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn sources(folder: &Path) -> BTreeMap<String, OnCall> {
    let source = |name: &str| (name.to_owned(), OnCall::File(folder.join(name)));
    [source("hung"), source("well")].into()
}

/// A book whose source `hung` does not answer until the sender is dropped.
fn book() -> (OnCallBook, mpsc::Sender<()>) {
    let (release, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let reader = move |source: &OnCall| match source {
        OnCall::File(path) if path.ends_with("hung") => {
            let _ = wait.lock().unwrap().recv();
            Ok("bob\n".to_owned())
        }
        _ => Ok("ann\n".to_owned()),
    };
    (OnCallBook::new(Arc::new(reader), TIMEOUT), release)
}

#[test]
fn lines_are_user_names_and_remarks_are_not() {
    let said = names("ann\n  bob # until monday\n\n# nobody else\nann\n");
    assert_eq!(said.into_iter().collect::<Vec<_>>(), ["ann", "bob"]);
}

#[tokio::test]
async fn hung_source_delays_no_other_and_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(folder.path());
    let (book, release) = book();
    book.read(&sources, || time(0)).await;
    let well = Reading {
        names: ["ann".to_owned()].into(),
        at: time(0),
    };
    assert_eq!(book.readings(), [("well".to_owned(), well)].into());
    let since = time(0).format("%Y-%m-%d %H:%M:%SZ");
    let fault = |why: &str| {
        let effect = "new access through it is refused, live access stays";
        [format!(
            "on-call source hung fails since {since}: {why}; {effect}"
        )]
    };
    assert_eq!(book.faults(time(0)), fault("no answer within 1 seconds"));
    // No second thread is begun for it, and nobody waits again.
    book.read(&sources, || time(30)).await;
    assert_eq!(book.faults(time(30)), fault("still being read"));
    drop(release);
    let healed = async {
        while !book.faults(time(60)).is_empty() {
            book.read(&sources, || time(60)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), healed)
        .await
        .unwrap();
    assert_eq!(book.readings().len(), 2);
}

#[tokio::test]
async fn reading_counts_fifteen_minutes_of_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = sources(folder.path());
    let fails = Arc::new(AtomicBool::new(false));
    let reader = {
        let fails = Arc::clone(&fails);
        move |_: &OnCall| match fails.load(Ordering::Relaxed) {
            true => Err("gone".to_owned()),
            false => Ok("ann\n".to_owned()),
        }
    };
    let book = OnCallBook::new(Arc::new(reader), TIMEOUT);
    book.read(&sources, || time(0)).await;
    fails.store(true, Ordering::Relaxed);
    book.read(&sources, || time(30)).await;
    let counts = |name: &str, at| book.readings().get(name).map(|reading| reading.counts(time(at)));
    assert_eq!(
        (counts("well", 900), counts("well", 901)),
        (Some(true), Some(false))
    );
    let until = time(900).format("counts until %H:%M:%SZ").to_string();
    assert!(book.faults(time(900))[0].ends_with(&until));
    assert!(book.faults(time(901))[0].ends_with("live access stays"));
    // Another file under the same name has not been read.
    sources.insert("well".to_owned(), OnCall::File(folder.path().join("other")));
    book.read(&sources, || time(60)).await;
    assert_eq!((counts("well", 60), counts("hung", 60)), (None, Some(true)));
}

fn directory() -> Directory {
    Directory {
        loaded_at: time(0),
        instance_arn: String::new(),
        identity_store_id: String::new(),
        management_account: None,
        organizational_units: BTreeMap::new(),
        accounts: BTreeMap::new(),
        permission_sets: BTreeMap::new(),
        people: BTreeMap::new(),
        groups: BTreeMap::new(),
        group_access: BTreeSet::new(),
        on_call: BTreeMap::new(),
        index: Default::default(),
    }
}

fn facts(on_call: impl IntoIterator<Item = (&'static str, OnCallMembers)>) -> Facts {
    let on_call: BTreeMap<String, OnCallMembers> = on_call
        .into_iter()
        .map(|(name, members)| (name.to_owned(), members))
        .collect();
    Facts {
        policy: None,
        unknown_on_call: on_call.keys().cloned().collect(),
        directory: Some(Arc::new(Directory {
            on_call,
            ..directory()
        })),
        protected: BTreeSet::new(),
        allow_sudo: false,
        now: time(0),
        certainly_protected: None,
        holds: BTreeMap::new(),
    }
}

/// Whether each source names the user, in each form.
fn named_in(forms: &[Facts], user: &UserId) -> BTreeSet<Vec<bool>> {
    let named = |facts: &Facts| {
        let on_call = &facts.directory.as_ref().unwrap().on_call;
        on_call.values().map(|people| people.contains(user)).collect()
    };
    forms.iter().map(named).collect()
}

#[test]
fn unknown_sources_give_every_possible_form() {
    let user: UserId = "u-ann".parse().unwrap();
    let unread = |name| (name, OnCallMembers::Unknown { last: None });
    assert_eq!(facts([]).possible(&user).len(), 1);
    let forms = facts(["a", "b"].map(unread)).possible(&user);
    assert_eq!(named_in(&forms, &user).len(), 4);
    let many = facts(["a", "b", "c", "d", "e", "f"].map(unread));
    assert_eq!(many.possible(&user).len(), 16);
}

#[test]
fn loss_is_judged_by_the_last_reading() {
    let (ann, bob): (UserId, UserId) = ("u-ann".parse().unwrap(), "u-bob".parse().unwrap());
    let last = Some([ann.clone()].into());
    let facts = facts([
        ("read", OnCallMembers::Unknown { last }),
        ("unread", OnCallMembers::Unknown { last: None }),
    ]);
    for (user, is_named) in [(&ann, true), (&bob, false)] {
        let losses = named_in(&facts.possible_losses(user), user);
        assert_eq!(losses, [vec![is_named, false], vec![is_named, true]].into());
        assert_eq!(named_in(&facts.possible(user), user).len(), 4, "for new access");
    }
}
