//! `policy test` and `directory export`.

use crate::cli::{json, team};
use crate::fake;

#[tokio::test(flavor = "multi_thread")]
async fn expectations_that_do_not_hold_are_lines_and_exit_1() {
    let running = fake::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let (good, bad) = (file("good.toml", "alice"), file("bad.toml", "bob"));
    let (code, out, err) = team(&running, &["policy", "test", &good]).await;
    assert_eq!(
        (code, out.as_str()),
        (0, "1 of 1 hold, by policy version 3\n"),
        "{err}"
    );
    assert!(err.contains("warning: a key without effect"), "{err}");
    let (code, out, err) = team(&running, &["policy", "test", &bad, "--policy", &good]).await;
    assert_eq!(code, 1, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with(&format!(
            "{bad}:4: bob may Admin in prod: bob, Admin in prod: refused"
        )) && lines[0].ends_with("(he is on call)")
            && !lines[0].contains('\u{1b}'),
        "{out}"
    );
    assert_eq!(lines[1], "1 of 2 hold, by the document");
    let (code, out, _) = team(&running, &["policy", "test", &bad, "--json"]).await;
    assert_eq!((code, json(&out)["failed"].as_u64()), (1, Some(1)));
    let (code, _, err) = team(&running, &["policy", "test", "/nonexistent"]).await;
    assert_eq!(code, 2, "{err}");
    let (code, out, _) = team(&running, &["directory", "export"]).await;
    assert_eq!(code, 0);
    assert!(json(&out)["people"].is_array(), "{out}");
}
