//! A third party's emulator of AWS: not all of the wire format is then our own reading of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use team_test_support::aws::free_port;
use team_test_support::daemon::program;
use team_test_support::python::python;
use team_test_support::wait::eventually;
use tokio::net::TcpStream;
use tokio::process::Child;

/// What it takes.
const REQUIREMENTS: [&str; 2] = ["moto[server]==5.2.5", "boto3"];

/// moto's server, filled. Dropped, it is killed.
pub(crate) struct Moto {
    python: PathBuf,
    url: String,
    _server: Child,
}

impl Moto {
    /// Starts it with an organisation in it. None, said loudly, where there is no Python for it.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-python");
        let python = python(test, &folder, &REQUIREMENTS).await?;
        let port = free_port();
        let mut command = program(&python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let mut server = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto runs");
        eventually("moto listens", Duration::from_secs(30), async || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("{} -m moto.server ended with {status}", python.display());
            }
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        let moto = Self {
            python,
            url: format!("http://127.0.0.1:{port}"),
            _server: server,
        };
        moto.script(&["fill"]).await;
        Some(moto)
    }

    /// The endpoint.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until AWS's own client sees the assignment, or sees none.
    pub(crate) async fn wait_for_assignment(&self, there: bool) {
        self.script(&["wait", if there { "there" } else { "gone" }]).await;
    }

    async fn script(&self, args: &[&str]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e/moto.py");
        let mut command = program(&self.python);
        command.arg(script).arg(&self.url).args(args);
        let ended = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
        let output = ended.expect("the script ends").expect("it runs");
        assert!(
            output.status.success(),
            "moto.py {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
