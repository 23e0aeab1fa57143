use super::*;
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
    assert_eq!(
        book.names(time(0)),
        [("well".into(), ["ann".into()].into())].into()
    );
    assert_eq!(book.faults(), ["on-call source hung: no answer within 1 seconds"]);
    // No second thread is begun for it, and nobody waits again.
    book.read(&sources, || time(30)).await;
    let since = time(0).format("%H:%M:%SZ");
    assert_eq!(
        book.faults(),
        [format!(
            "on-call source hung: it is still being read since {since}"
        )]
    );
    drop(release);
    let healed = async {
        while !book.faults().is_empty() {
            book.read(&sources, || time(60)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), healed)
        .await
        .unwrap();
    assert_eq!(book.names(time(60)).len(), 2);
}

#[tokio::test]
async fn source_is_unread_until_read_or_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = sources(folder.path());
    let (book, release) = book();
    let unread = |sources: &BTreeMap<String, OnCall>, at| book.unread(sources.keys(), time(at)).len();
    assert_eq!(unread(&sources, 0), 2);
    book.read(&sources, || time(0)).await;
    assert_eq!((unread(&sources, 0), unread(&sources, 900)), (1, 1));
    assert_eq!(unread(&sources, 901), 0);
    // Another file under the same name has not been read, and has its time.
    sources.insert("well".to_owned(), OnCall::File(folder.path().join("hung too")));
    drop(release);
    book.lock().clear();
    assert_eq!(unread(&sources, 2_000), 2);
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

#[test]
fn unread_sources_give_every_possible_form() {
    let user: UserId = "u-ann".parse().unwrap();
    let facts = |unread: &[&str]| Facts {
        policy: None,
        directory: Some(Arc::new(directory())),
        protected: BTreeSet::new(),
        allow_sudo: false,
        now: time(0),
        certainly_protected: None,
        holds: BTreeMap::new(),
        unread_on_call: unread.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(facts(&[]).possible(&user).len(), 1);
    let forms: BTreeSet<Vec<bool>> = facts(&["a", "b"])
        .possible(&user)
        .iter()
        .map(|facts| {
            let on_call = &facts.directory.as_ref().unwrap().on_call;
            on_call.values().map(|people| people.contains(&user)).collect()
        })
        .collect();
    assert_eq!(forms.len(), 4);
    assert_eq!(facts(&["a", "b", "c", "d", "e", "f"]).possible(&user).len(), 16);
}
