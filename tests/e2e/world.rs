//! A bastion for a test: an organisation, a policy, a daemon, and people with logins of their own.

use crate::teamd;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use team_test_support::aws::{SimulatedAws, Simulation};
use team_test_support::client::{Client, Said};
use team_test_support::daemon::{self, Daemon};
use team_test_support::users::Logins;
use team_test_support::wait::eventually;
use tempfile::TempDir;

/// alice asks, bob decides, carol audits; frank, gita and ivy are there for whoever needs six. alice holds `legacy` herself and `shared` through a group already.
pub(crate) const ORGANISATION: &str = r#"
name = "e2e"
[management]
name = "e2e-root"
[[account]]
name = "prod"
id = "111122223333"
unit = "Workloads/Prod"
[[account]]
name = "stage"
id = "222233334444"
unit = "Workloads"
[[account]]
name = "legacy"
id = "333344445555"
[[account]]
name = "shared"
id = "444455556666"
[[account]]
name = "outside"
id = "555566667777"
[[user]]
name = "alice"
[[user]]
name = "bob"
[[user]]
name = "carol"
[[user]]
name = "frank"
[[user]]
name = "gita"
[[user]]
name = "ivy"
[[group]]
name = "engineers"
members = ["alice"]
[[group]]
name = "leads"
members = ["bob"]
[[group]]
name = "viewers"
members = ["alice", "carol"]
[[permission_set]]
name = "Admin"
session_duration = "PT1H"
[[permission_set]]
name = "ReadOnly"
session_duration = "PT1H"
[[assignment]]
user = "alice"
account = "legacy"
permission_set = "Admin"
[[assignment]]
group = "viewers"
account = "shared"
permission_set = "ReadOnly"
"#;

/// What [`ORGANISATION`] has before anybody asks for anything.
pub(crate) const STANDING: [&str; 2] = ["GROUP viewers shared ReadOnly", "USER alice legacy Admin"];

/// What alice gets on `prod`.
pub(crate) const ASSIGNED: &str = "USER alice prod Admin";

/// Lengths in seconds, so that ends come soon.
pub(crate) const POLICY: &str = r#"
version = 1
[roles]
auditors = ["user:carol"]
[settings]
min_duration = "1s"
[[eligibility]]
id = "engineers-all"
who = ["group:engineers"]
accounts = ["ou:Workloads", "name:legacy", "name:shared"]
permission_sets = ["*"]
max_duration = "2h"
approval = "required"
approvers = ["group:leads"]
[[eligibility]]
id = "engineers-stage-now"
who = ["group:engineers"]
accounts = ["name:stage"]
permission_sets = ["ReadOnly"]
max_duration = "1h"
precedence = 1
approval = "none"
"#;

/// An AWS that is quicker than the real one.
pub(crate) const QUICK: &str = "assignment_latency_ms = 300\nconflict_window_ms = 500\n";

/// A daemon with its files, and the people.
pub(crate) struct Bastion {
    // Dropped from the top: programs, then their files, then the users.
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
    pub(crate) database: PathBuf,
    pub(crate) config: PathBuf,
    folder: TempDir,
    logins: Arc<Logins>,
}

/// A bastion in front of a simulated AWS.
pub(crate) struct World {
    pub(crate) bastion: Bastion,
    pub(crate) aws: SimulatedAws,
}

impl World {
    /// A world with the policy in force and the directory loaded. None, said loudly, where there can be no users.
    pub(crate) async fn start(test: &str, faults: &str) -> Option<Self> {
        let logins = Logins::get(test)?;
        let folder = folder();
        let simulation = Simulation {
            organisation: ORGANISATION,
            faults,
            port: 0,
        };
        let aws = SimulatedAws::start(teamd(), folder.path(), simulation).await;
        let bastion = Bastion::start(folder, logins, aws.url()).await;
        bastion.apply(POLICY).await;
        bastion.wait_for_directory().await;
        Some(Self { bastion, aws })
    }

    /// Waits until AWS has the assignment, or has it no more, and nothing else has changed.
    pub(crate) async fn wait_for_assignment(&self, there: bool, within: Duration) {
        let mut wanted: Vec<&str> = STANDING.to_vec();
        wanted.extend(there.then_some(ASSIGNED));
        wanted.sort_unstable();
        let mut seen = Vec::new();
        let what = if there {
            "the assignment is in AWS"
        } else {
            "the assignment is gone from AWS"
        };
        eventually(what, within, async || {
            seen = self.aws.assignments().await;
            (seen == wanted).then_some(())
        })
        .await;
    }

    /// What nearly every test ends with: the chain holds, and nothing is in AWS but what was there before.
    pub(crate) async fn all_is_clean(self) {
        assert_eq!(self.aws.assignments().await, STANDING);
        self.bastion_stops_clean().await;
    }

    /// The chain holds, and the daemon stops.
    pub(crate) async fn bastion_stops_clean(self) {
        self.bastion.chain_holds().await;
    }
}

impl Bastion {
    /// A daemon in front of this endpoint, without a policy yet.
    pub(crate) async fn start(folder: TempDir, logins: Arc<Logins>, endpoint: &str) -> Self {
        let place = folder.path();
        let socket = place.join("teamd.sock");
        let database = place.join("state/teamd.db");
        let config = place.join("teamd.toml");
        std::fs::write(&config, configuration(&socket, &database, endpoint, &logins)).expect("a file");
        let client = Client::beside(teamd(), &socket, place);
        let daemon = Daemon::start(teamd(), &config, &socket, &place.join("teamd.log")).await;
        Self {
            daemon,
            client,
            database,
            config,
            folder,
            logins,
        }
    }

    /// The uid of one of the people.
    pub(crate) fn uid(&self, person: &str) -> u32 {
        self.logins.of(person).uid
    }

    /// A verb as one of the people, or as `root`.
    pub(crate) async fn run(&self, person: &str, args: &[&str]) -> Said {
        let login = (person != "root").then(|| self.logins.of(person));
        self.client.run(login, args).await
    }

    /// The same with `--json`.
    pub(crate) async fn json(&self, person: &str, args: &[&str]) -> Said {
        self.run(person, &[args, &["--json"]].concat()).await
    }

    /// Puts a policy in force, as root.
    pub(crate) async fn apply(&self, policy: &str) {
        let file = self.place().join("policy.toml");
        std::fs::write(&file, policy).expect("a file");
        self.run("root", &["policy", "apply", path(&file)]).await.ok();
    }

    pub(crate) async fn wait_for_directory(&self) {
        eventually("the daemon knows alice", Duration::from_secs(30), async || {
            let me = self.json("alice", &["whoami"]).await.json();
            (me["person"]["user_name"] == "alice").then_some(())
        })
        .await;
    }

    /// alice asks for `prod`, and has the request.
    pub(crate) async fn request(&self, length: &str) -> String {
        let asked = [
            "request",
            "prod",
            "Admin",
            "--for",
            length,
            "--reason",
            "the queue is stuck, INC-4711",
        ];
        let filed = self.json("alice", &asked).await.json();
        assert_eq!(filed["state"], "pending");
        id(&filed)
    }

    /// bob approves it.
    pub(crate) async fn approve(&self, id: &str) {
        self.run("bob", &["approve", id, "--comment", "go ahead"])
            .await
            .ok();
    }

    /// The request as its requester sees it.
    pub(crate) async fn show(&self, id: &str) -> Value {
        self.json("alice", &["show", id]).await.json()
    }

    /// Waits until it is in a state, by the client's own `wait`.
    pub(crate) async fn wait_for(&self, id: &str, state: &str, timeout: &str) -> Value {
        self.json("alice", &["wait", id, "--for", state, "--timeout", timeout])
            .await
            .json()
    }

    /// The types of a request's events, in order; without a request, of all.
    pub(crate) async fn events(&self, id: Option<&str>) -> Vec<String> {
        let rows = self
            .run("carol", &["audit", "export", "--format", "jsonl"])
            .await
            .ok();
        let rows = rows
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
        let of = |row: &Value| id.is_none_or(|id| row["request_id"] == id);
        rows.filter(of)
            .map(|row| row["type"].as_str().unwrap_or("?").to_owned())
            .collect()
    }

    /// The chain holds: as the daemon says, and as its own command says of the file once it has stopped.
    pub(crate) async fn chain_holds(&self) {
        let check = self.json("carol", &["audit", "verify"]).await.json();
        assert_eq!(check["ok"], true, "{check}");
        let status = self.daemon.stop().await;
        assert!(status.success(), "{status}");
        let offline = daemon::teamd(teamd(), &["audit", "verify", "--db", path(&self.database)]).await;
        let said = String::from_utf8_lossy(&offline.stdout);
        assert!(
            offline.status.success() && said.contains("chain intact"),
            "{said}"
        );
    }

    /// Where its files are.
    pub(crate) fn place(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder that others can go through, to the socket.
pub(crate) fn folder() -> TempDir {
    let mode = PermissionsExt::from_mode(0o711);
    tempfile::Builder::new()
        .prefix("team-e2e-")
        .permissions(mode)
        .tempdir()
        .expect("a directory")
}

/// The id of a request.
pub(crate) fn id(request: &Value) -> String {
    request["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {request}"))
        .to_owned()
}

/// A path of ours as an argument.
pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn configuration(socket: &Path, database: &Path, endpoint: &str, logins: &Logins) -> String {
    format!(
        r#"
[server]
socket = "{socket}"
socket_mode = "0666"
[store]
path = "{database}"
[aws]
region = "eu-west-1"
endpoint_url = "{endpoint}"
directory_refresh = "1m"
[limits]
submits_per_minute_per_user = 1000
{identity}"#,
        socket = socket.display(),
        database = database.display(),
        identity = logins.identity_map(),
    )
}
