//! The dashboard in a real terminal: tmux shows what a person would see. Skipped, loudly, where there is no tmux.

use crate::BINARY;
use crate::{fake, fixtures};
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::state::RequestState;
use team_test_support::tmux::Tmux;

#[allow(
    clippy::disallowed_methods,
    reason = "a thread that watches a terminal has no runtime to block"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Starts the dashboard in the pane and waits for its first rows.
fn open(tmux: &Tmux, socket: &Path) {
    let line = format!("clear; {BINARY} --socket {}; echo left with $?", socket.display());
    tmux.run(&line);
    tmux.wait_for("7FQHX2");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_opens_helps_decides_and_leaves() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let mut running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        open(&tmux, &socket);
        tmux.wait_for("pending: 4");
        tmux.keys(&["?"]);
        tmux.wait_for("Here: Queue");
        // Until it is gone: Escape and a letter at once are one key to a terminal.
        tmux.keys(&["Escape"]);
        tmux.wait_until("no help", |screen| !screen.contains("Here: Queue"));
        // Reject the first of those that are ours to decide.
        tmux.keys(&["r"]);
        tmux.wait_for("Reject 9QPV4D");
        tmux.keys(&["use ReadOnly first", "C-s"]);
        tmux.wait_for("now rejected");
        // Somebody else's change shows by itself.
        running
            .fake
            .change("7FQHX2", EventType::RequestCancelled, |view| {
                view.state = RequestState::Cancelled
            });
        tmux.wait_for("pending: 2");
        running.kill();
        tmux.wait_for("teamd is away");
    });
    running.restart();
    tokio::task::block_in_place(|| {
        tmux.keys(&["C-r"]);
        tmux.wait_for("● live");
        tmux.keys(&["q"]);
        tmux.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_what_the_person_had_there_before() {
    let Some(tmux) = Tmux::start(120, 36) else { return };
    let running = fake::start().await;
    let title = {
        let mut world = running.fake.world();
        let asked = world.requests.iter().find(|view| view.id.short() == "9QPV4D");
        let asked = asked.expect("the first row").clone();
        for (short, state, set, days) in [
            ("AAAAA2", RequestState::Rejected, "Admin", 2),
            ("AAAAA1", RequestState::Ended, "ReadOnlyAccess", 4),
        ] {
            let mut past = asked.clone();
            past.created_at = asked.created_at - chrono::TimeDelta::days(days);
            past.id = fixtures::id(past.created_at, short);
            past.state = state;
            past.permission_set = fixtures::set(set).into();
            past.you_may = Vec::new();
            world.requests.push(past);
        }
        format!("{} on {} before", asked.requester.user_name, asked.account.name)
    };
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        open(&tmux, &socket);
        let is_told = |screen: &str| screen.contains(&title) && screen.contains("rejected");
        let screen = tmux.wait_until("what was before", is_told);
        let told = screen
            .split_once(title.as_str())
            .map(|(_, told)| told)
            .unwrap_or_default();
        let rows: Vec<&str> = told.lines().skip(1).take(2).collect();
        // Newest first, with what became of them.
        for (row, set, state) in [(0, "Admin", "rejected"), (1, "ReadOnlyAccess", "ended")] {
            assert!(rows[row].contains(set) && rows[row].contains(state), "{screen}");
        }
        tmux.keys(&["q"]);
        tmux.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_leaves_from_anywhere() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        open(&tmux, &socket);
        tmux.keys(&["n"]);
        tmux.wait_for("New request");
        tmux.keys(&["C-c"]);
        tmux.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_the_terminal_and_its_mouse_as_they_were() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let running = fake::start().await;
    let socket = running.fake.socket();
    let file = running.fake.directory.path().join("pid");
    for signal in ["TERM", "HUP"] {
        tokio::task::block_in_place(|| {
            let line = format!(
                "clear; sh -c 'echo $$ > {}; exec {BINARY} --mouse --socket {}'; echo left with $?",
                file.display(),
                socket.display()
            );
            tmux.run(&line);
            tmux.wait_for("7FQHX2");
            let mouse = tmux.call(&["display-message", "-p", "#{mouse_any_flag}"]);
            assert_eq!(String::from_utf8_lossy(&mouse.stdout).trim(), "1");
            let pid = std::fs::read_to_string(&file).expect("the number of the process");
            let sent = std::process::Command::new("kill")
                .args(["-s", signal, pid.trim()])
                .status();
            assert!(sent.is_ok_and(|sent| sent.success()));
            tmux.is_restored();
        });
    }
}

/// Opens the in-process dashboard of one of the ignored tests below in the pane, as a demo would.
fn open_in_process(tmux: &Tmux, test: &str, socket: &Path) {
    let own = std::env::current_exe().expect("this test's path");
    let line = format!(
        "clear; TEAM_SOCKET={} {} --ignored --exact {test} --nocapture; echo left with $?",
        socket.display(),
        own.display()
    );
    tmux.keys(&[&line, "Enter"]);
    tmux.wait_for("7FQHX2");
}

/// `None`, loudly, where nobody opened a terminal for it.
fn in_process() -> Option<team_tui::DashboardOptions> {
    let socket = std::env::var_os("TEAM_SOCKET").filter(|_| std::io::stdout().is_terminal());
    if socket.is_none() {
        eprintln!("SKIPPED: this is run by another test, in a terminal of its own");
    }
    socket.map(team_tui::DashboardOptions::new)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_gives_the_terminal_back() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        open_in_process(&tmux, "terminal::dashboard_with_a_panic", &socket);
        tmux.is_restored();
    });
}

#[tokio::test]
#[ignore = "run in a terminal by a_panic_gives_the_terminal_back"]
async fn dashboard_with_a_panic() {
    let Some(options) = in_process() else { return };
    std::thread::spawn(|| {
        pause(Duration::from_secs(2));
        panic!("a part fails");
    });
    let left = team_tui::dashboard(options).await;
    assert!(left.is_err_and(|error| error.to_string().contains("failed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_changes_persons_and_tells_of_its_chaos() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        open_in_process(&tmux, "terminal::dashboard_of_a_demo", &socket);
        tmux.wait_for(":chaos kills the daemon");
        tmux.keys(&[":chaos", "Enter"]);
        tmux.wait_for("chaos: it is back");
        tmux.keys(&[":as b", "Tab", "Enter"]);
        tmux.wait_for("team  bob");
        tmux.keys(&["q"]);
        tmux.is_restored();
    });
    assert_eq!(running.fake.world().acting_as.as_deref(), Some("bob"));
}

#[tokio::test]
#[ignore = "run in a terminal by a_demo_changes_persons_and_tells_of_its_chaos"]
async fn dashboard_of_a_demo() {
    let Some(mut options) = in_process() else { return };
    options.demo = Some(team_tui::DemoHooks {
        people: vec!["ann".to_owned(), "bob".to_owned()],
        chaos: std::sync::Arc::new(|| {
            Box::pin(futures::stream::iter([
                "killed".to_owned(),
                "it is back".to_owned(),
            ]))
        }),
    });
    team_tui::dashboard(options).await.expect("it was left by q");
}
