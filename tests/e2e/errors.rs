//! What people read when it does not go their way: a clear sentence, what helps, and the exit code of the contract.

use crate::teamd;
use crate::world::{World, folder};
use team_test_support::client::Client;

const REASON: [&str; 2] = ["--reason", "the queue is stuck, INC-4711"];

#[tokio::test]
async fn no_daemon_is_said_and_what_helps() {
    let folder = folder();
    let client = Client::beside(teamd(), &folder.path().join("teamd.sock"), folder.path());
    let said = client.run(None, &["ls"]).await.fails(6);
    assert!(said.err.contains("teamd is not running"), "{said}");
    assert!(
        said.err.contains("help: ") && said.err.contains("systemctl start"),
        "{said}"
    );
    client
        .run(None, &["ls", "--json"])
        .await
        .problem(6, "unreachable");
    client.run(None, &["request", "prod"]).await.fails(2);
    client.run(None, &["frobnicate"]).await.fails(2);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let Some(world) = World::start("refusals", "").await else {
        return;
    };
    let bastion = &world.bastion;
    let ask = async |who: &str, account: &str, set: &str, length: &str| {
        let args = [&["request", account, set, "--for", length][..], &REASON].concat();
        bastion.json(who, &args).await
    };
    let says = |problem: &serde_json::Value, words: &[&str]| {
        let text = problem.to_string();
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
    };

    let problem = ask("alice", "prdo", "Admin", "1h").await.problem(4, "not_found");
    says(&problem, &["prdo", "did you mean prod"]);
    let problem = ask("alice", "999999999999", "Admin", "1h")
        .await
        .problem(4, "not_found");
    says(&problem, &["999999999999", "lists"]);
    let problem = ask("alice", "prod", "Administrator", "1h")
        .await
        .problem(4, "not_found");
    says(&problem, &["Administrator", "lists"]);

    for length in ["soon", "0s", "-1h", "1.5s", "1y"] {
        ask("alice", "prod", "Admin", length).await.problem(2, "invalid");
    }
    let problem = ask("alice", "prod", "Admin", "3h").await.problem(3, "over_cap");
    says(&problem, &["2h", "engineers-all"]);
    // Not even visible by name; by id, the nearest rule is named.
    let problem = ask("alice", "555566667777", "Admin", "1h")
        .await
        .problem(3, "not_eligible");
    says(&problem, &["engineers-all"]);
    let problem = ask("carol", "111122223333", "Admin", "1h")
        .await
        .problem(3, "not_eligible");
    says(&problem, &["engineers-all"]);
    ask("root", "111122223333", "Admin", "1h")
        .await
        .problem(3, "not_allowed");

    let blank = ["request", "prod", "Admin", "--for", "1h", "--reason", "x"];
    let problem = bastion.json("alice", &blank).await.problem(2, "invalid");
    says(&problem, &["justification", "10"]);
    let bidi = [
        "request",
        "prod",
        "Admin",
        "--for",
        "1h",
        "--reason",
        "harmless \u{202e}nuf",
    ];
    let problem = bastion.json("alice", &bidi).await.problem(2, "invalid");
    says(&problem, &["U+202E"]);

    let id = bastion.request("1h").await;
    let again = ask("alice", "prod", "Admin", "1h").await.problem(5, "duplicate");
    says(&again, &[&id[id.len() - 6..]]);
    let no_comment = bastion.run("bob", &["reject", &id]).await;
    no_comment.fails(2);
    let comment = ["--comment", "use ReadOnly"];
    bastion
        .run("bob", &[&["reject", &id][..], &comment].concat())
        .await
        .ok();
    bastion
        .json("bob", &["approve", &id])
        .await
        .problem(5, "already_decided");
    bastion
        .json("alice", &["cancel", &id])
        .await
        .problem(5, "already_decided");
    let unknown = ["show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"];
    bastion.json("alice", &unknown).await.problem(4, "not_found");
    bastion
        .json("alice", &["audit", "verify"])
        .await
        .problem(3, "not_allowed");

    // The same for people: on stderr, with what helps.
    let said = bastion
        .run(
            "alice",
            &[&["request", "prod", "Admin", "--for", "3h"][..], &REASON].concat(),
        )
        .await;
    let said = said.fails(3);
    assert!(said.out.is_empty() && said.err.starts_with("error: "), "{said}");

    let wait = ["wait", &id, "--for", "active", "--timeout", "5s"];
    bastion.run("alice", &wait).await.fails(8);
    let id = bastion.request("50m").await;
    let wait = ["wait", &id, "--for", "active", "--timeout", "1s"];
    bastion.run("alice", &wait).await.fails(7);
    assert!(world.aws.calls("CreateAccountAssignment").await.is_empty());
    world.all_is_clean().await;
}

#[tokio::test]
async fn the_socket_keeps_out_and_nobody_is_impersonated() {
    let Some(world) = World::start("the socket", "").await else {
        return;
    };
    let bastion = &world.bastion;
    // `--as` is for demos; a real daemon takes the kernel's word.
    let me = bastion
        .run("alice", &["--as", "bob", "whoami", "--json"])
        .await
        .json();
    assert_eq!(me["person"]["user_name"], "alice", "{me}");
    let socket = bastion.place().join("teamd.sock");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&socket, mode).expect("a mode");
    let said = bastion.run("alice", &["ls"]).await.fails(6);
    assert!(
        said.err.contains("permission denied") && said.err.contains("help: "),
        "{said}"
    );
    // A socket that belongs to somebody else is not talked to.
    let owner = nix::unistd::User::from_name("daemon")
        .ok()
        .flatten()
        .map_or(1, |user| user.uid.as_raw());
    std::os::unix::fs::chown(&socket, Some(owner), None).expect("a new owner");
    let said = bastion.run("root", &["ls"]).await.fails(6);
    assert!(said.err.contains("not talking to it"), "{said}");
}

#[tokio::test]
async fn without_a_policy_everyone_is_told_what_is_missing() {
    let test = "a daemon without a policy";
    let Some(logins) = team_test_support::users::Logins::get(test) else {
        return;
    };
    let folder = folder();
    let simulation = team_test_support::aws::Simulation {
        organisation: crate::world::ORGANISATION,
        faults: "",
        port: 0,
    };
    let aws = team_test_support::aws::SimulatedAws::start(teamd(), folder.path(), simulation).await;
    let bastion = crate::world::Bastion::start(folder, logins, aws.url()).await;
    bastion.wait_for_directory().await;
    let help = "no policy; as root: team-tui policy apply FILE";
    let me = bastion.run("alice", &["whoami"]).await.ok();
    assert!(me.out.contains(help), "{me}");
    let ask = [&["request", "111122223333", "Admin", "--for", "1h"][..], &REASON].concat();
    let said = bastion.run("alice", &ask).await.fails(3);
    assert!(said.err.contains("no policy"), "{said}");
    let status = bastion.run("root", &["status"]).await.ok();
    assert!(status.out.contains("policy apply FILE"), "{status}");
    // A document that is wrong is refused with every fault, and changes nothing.
    let file = bastion.place().join("wrong.toml");
    let wrong = "version = 1\n[settings]\nmax_duraton = '1h'\n[[eligibility]]\nid = 'x'\nwho = ['alice']\n";
    std::fs::write(&file, wrong).expect("a file");
    let apply = ["policy", "apply", crate::world::path(&file)];
    let said = bastion.run("root", &apply).await.fails(2);
    assert!(
        said.err.contains("max_duraton") && said.err.contains("alice"),
        "{said}"
    );
    bastion.run("alice", &apply).await.fails(3);
}
