//! The dashboard on the daemon of the demo, in a real terminal: what people do on a screen, seen as they would see it.
//!
//! The walk through all screens is also where the documentation's pictures come from: with `TEAM_PICTURES=1` it writes
//! them to `docs/screens/`.

use crate::teamd;
use crate::world::{folder, path};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use team_test_support::client::Client;
use team_test_support::daemon::program;
use team_test_support::log::Log;
use team_test_support::tmux::Tmux;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// The demo's world, headless.
struct World {
    folder: tempfile::TempDir,
    socket: PathBuf,
    demo: Child,
    log: Log,
}

impl World {
    async fn start() -> Self {
        let folder = folder();
        let socket = folder.path().join("demo.sock");
        let log = Log::new(folder.path().join("demo.log"));
        let demo = run_demo(&socket, &log).await;
        Self {
            folder,
            socket,
            demo,
            log,
        }
    }

    fn client(&self) -> Client {
        Client::beside(teamd(), &self.socket, self.folder.path())
    }

    /// The same daemon again, on a new world.
    async fn restart(&mut self) {
        self.demo.kill().await.expect("it can be killed");
        self.demo = run_demo(&self.socket, &self.log).await;
    }

    /// The dashboard of somebody, in a terminal of their own.
    fn open(&self, who: &str, width: u16, height: u16) -> Option<Tmux> {
        let tmux = Tmux::start(width, height)?;
        let program = teamd().with_file_name("team-tui");
        tmux.run(&format!(
            "clear; {} --socket {} --as {who}; echo left with $?",
            path(&program),
            path(&self.socket)
        ));
        tmux.wait_for("● live");
        Some(tmux)
    }
}

async fn run_demo(socket: &Path, log: &Log) -> Child {
    let mut command = program(teamd());
    command
        .args(["demo", "--seed", "7", "--socket", path(socket)])
        .stdout(Stdio::piped());
    let mut demo = command.stderr(log.stdio()).spawn().expect("teamd runs");
    let mut lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
    let first = lines.next_line().await.expect("it can be read");
    assert!(first.is_some_and(|line| line.starts_with("listening on")));
    // It goes on to say how to use it: who closes its output now ends it.
    demo.stdout = Some(lines.into_inner().into_inner());
    demo
}

fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The id of a request as rows show it.
fn short_of(screen: &str, who: &str) -> String {
    let row = screen
        .lines()
        .find(|line| line.contains(&format!(" {who} ")) && line.contains("0/1"));
    let row = row.unwrap_or_else(|| panic!("no request of {who} on:\n{screen}"));
    let id = row.split_whitespace().find(|word| word.len() == 6);
    id.unwrap_or_else(|| panic!("no id in {row:?}")).to_owned()
}

/// The queue once its rows are there: before that its title says 0, and keys have nothing to act on.
fn loaded(tmux: &Tmux) -> String {
    tmux.wait_until("rows of the queue", |screen| {
        screen.contains("── pending: ") && screen.contains("0/1")
    })
}

/// Goes to the row of a request with the filter.
fn go_to(tmux: &Tmux, id: &str) {
    tmux.keys(&["/", &format!("id:{id}"), "Enter"]);
    tmux.wait_until(id, |screen| {
        screen
            .lines()
            .any(|line| line.starts_with('▸') && line.contains(id))
    });
}

/// What of a picture is the same at each run: tabs and the headings of columns, but not times, counts and ids.
fn frame_of(picture: &str) -> Vec<String> {
    let is_heading = |line: &str| {
        let is_word = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        line.split_whitespace().count() > 2 && line.split_whitespace().all(is_word)
    };
    let tabs = picture.lines().nth(1);
    tabs.into_iter()
        .chain(picture.lines().filter(|line| is_heading(line)))
        .map(|line| {
            line.chars()
                .filter(|c| !c.is_ascii_digit() && *c != ' ')
                .collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_through_every_screen_is_what_the_documentation_shows() {
    let world = World::start().await;
    let Some(tmux) = world.open("bob", 80, 24) else {
        return;
    };
    let pictures = blocking(|| {
        let look = |key: &str, words: &str| {
            tmux.keys(&[key]);
            tmux.wait_for(words)
        };
        [
            ("queue", look("1", "0/1")),
            ("mine", look("2", "── your requests: ")),
            ("sessions", look("3", "── sessions: ")),
            ("bars", look("v", "── who has what")),
            ("history", look("4", "── history: ")),
            ("audit", look("v", "request.submitted")),
            ("report", look("v", "all together")),
            ("status", look("5", "[5 Status]")),
            ("policy", look("6", "── what you can ask for")),
            ("activity", {
                tmux.keys(&["7"]);
                tmux.wait_until("events of sessions", |screen| {
                    screen.contains("── activity: ") && !screen.contains("activity: 0 events")
                })
            }),
            ("help", look("?", "Here: ")),
        ]
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screens");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    for (name, picture) in pictures {
        let file = folder.join(format!("{name}.txt"));
        let picture: String = picture
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect();
        if std::env::var_os("TEAM_PICTURES").is_some() {
            std::fs::create_dir_all(&folder).expect("the folder of the pictures");
            std::fs::write(&file, &picture).expect("a picture");
        }
        let kept = std::fs::read_to_string(&file).expect("the picture of the documentation");
        assert_eq!(
            frame_of(&kept),
            frame_of(&picture),
            "docs/screens/{name}.txt is of another dashboard"
        );
    }
    let queue = std::fs::read_to_string(folder.join("queue.txt")).expect("the picture of the queue");
    let readme = std::fs::read_to_string(readme).expect("the README");
    assert!(
        readme.contains(queue.trim_end()),
        "README.md does not show docs/screens/queue.txt"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_form_over_the_approval_to_the_countdown_and_the_end() {
    let world = World::start().await;
    let Some(alice) = world.open("alice", 80, 24) else {
        return;
    };
    let Some(bob) = world.open("bob", 120, 36) else {
        return;
    };
    blocking(|| {
        alice.keys(&["n"]);
        alice.wait_for("New request");
        for field in ["prod-web", "PowerUserAccess"] {
            alice.keys(&[field, "Enter"]);
        }
        // Length, end, start, ticket, reason.
        alice.keys(&[
            "C-u",
            "30m",
            "Tab",
            "Tab",
            "Tab",
            "INC-7",
            "Tab",
            "Certificate of the checkout expires",
        ]);
        alice.keys(&["C-s"]);
        alice.wait_for("filed: PowerUserAccess on prod-web, now pending");
        bob.keys(&["1", "/", "who:alice account:prod-web", "Enter"]);
        let queue = bob.wait_until("alice's request", |screen| {
            screen
                .lines()
                .any(|line| line.starts_with('▸') && line.contains("alice") && line.contains("30m"))
        });
        assert!(queue.contains("alice on prod-web before"), "{queue}");
        bob.keys(&["a"]);
        bob.wait_for("Approve ");
        bob.keys(&["go ahead", "C-s"]);
        bob.wait_for("your vote counts");
        alice.keys(&["2"]);
        alice.wait_until("a countdown", |screen| {
            // Hers under the cursor: others of hers may be active already.
            screen
                .lines()
                .any(|line| line.starts_with('▸') && line.contains("active") && line.contains(" left"))
        });
        alice.keys(&["D"]);
        alice.wait_for("Done ");
        alice.keys(&["C-s"]);
        alice.wait_until("the end", |screen| {
            screen
                .lines()
                .any(|line| line.starts_with('▸') && line.contains("ended") && line.contains("prod-web"))
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_at_once_the_second_reads_who_was_first() {
    let world = World::start().await;
    let Some(bob) = world.open("bob", 80, 24) else {
        return;
    };
    let Some(carol) = world.open("carol", 80, 24) else {
        return;
    };
    blocking(|| {
        bob.keys(&["1"]);
        carol.keys(&["1"]);
        let queue = loaded(&bob);
        let id = short_of(&queue, "alice");
        for (who, verb, title) in [(&bob, "a", "Approve "), (&carol, "r", "Reject ")] {
            go_to(who, &id);
            who.keys(&[verb]);
            who.wait_for(title);
        }
        carol.keys(&["not during the change window"]);
        bob.keys(&["C-s"]);
        bob.wait_for("your vote counts");
        carol.wait_for("It changed since you opened this");
        carol.keys(&["C-s"]);
        let refused = carol.wait_for("approved by bob");
        assert!(
            refused.contains("not during the change window"),
            "what was typed is kept:\n{refused}"
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_away_is_said_and_comes_back_by_itself() {
    let mut world = World::start().await;
    let Some(bob) = world.open("bob", 80, 24) else {
        return;
    };
    blocking(|| loaded(&bob));
    world.demo.kill().await.expect("it can be killed");
    blocking(|| {
        bob.wait_for("teamd is away since");
        bob.keys(&["a"]);
        bob.wait_for("nothing can be changed now");
    });
    world.restart().await;
    blocking(|| {
        bob.wait_for("● live");
        bob.keys(&["q"]);
        bob.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_change_under_it_and_it_follows() {
    let world = World::start().await;
    let Some(bob) = world.open("bob", 80, 24) else {
        return;
    };
    blocking(|| {
        loaded(&bob);
        for step in 0..30 {
            bob.resize(50 + step * 3, 12 + step);
        }
        bob.resize(50, 12);
        bob.wait_for("needs 60x15, now 50x12");
        bob.resize(120, 36);
        let wide = bob.wait_for("before");
        assert!(wide.contains("request  "), "{wide}");
        bob.resize(60, 15);
        bob.wait_for("── pending");
        bob.keys(&["n"]);
        bob.wait_for("Submit");
        bob.keys(&["C-c"]);
        bob.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_requests_are_rejected_together_and_read_only_rejects_nothing() {
    let world = World::start().await;
    let Some(bob) = world.open("bob", 80, 24) else {
        return;
    };
    blocking(|| {
        loaded(&bob);
        bob.keys(&["Space", "Space", "r"]);
        bob.wait_for("Reject 2 requests");
        bob.keys(&["use the runbook first", "C-s"]);
        bob.wait_for("reject: 2 done");
        bob.keys(&["q"]);
        bob.is_restored();
    });
    let client = world.client();
    let rejected = client
        .run(None, &["--as", "bob", "ls", "--state", "rejected", "--json"])
        .await
        .json();
    let comments = rejected.to_string();
    assert!(
        comments.matches("use the runbook first").count() >= 2,
        "{comments}"
    );
    let Some(tmux) = Tmux::start(80, 24) else { return };
    blocking(|| {
        let program = teamd().with_file_name("team-tui");
        let (program, socket) = (path(&program), path(&world.socket));
        tmux.run(&format!(
            "clear; {program} --socket {socket} --as bob --read-only --ascii; echo left with $?"
        ));
        tmux.wait_for("* live");
        tmux.keys(&["r"]);
        let screen = tmux.wait_for("read-only");
        assert!(screen.is_ascii(), "{screen}");
        tmux.keys(&["q"]);
        tmux.is_restored();
    });
}
