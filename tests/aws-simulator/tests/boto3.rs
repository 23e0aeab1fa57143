//! AWS's Python SDK against the simulator, where there is a Python that has it.
//!
//! `TEAM_TEST_PYTHON=/path/to/venv/bin/python cargo test -p aws-simulator --test boto3`

use std::process::Command;

use aws_simulator::{Simulator, SimulatorConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_is_satisfied() {
    let Ok(python) = std::env::var("TEAM_TEST_PYTHON") else {
        println!("SKIPPED: boto3 (set TEAM_TEST_PYTHON to a Python interpreter that has boto3)");
        return;
    };
    let config = SimulatorConfig {
        history_days: 7,
        ..SimulatorConfig::default()
    };
    let simulator = Simulator::start(config).await.unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3_smoke.py");
    let url = simulator.url();
    let run = move || {
        // Whatever AWS configuration the machine has is not for this test.
        let mut command = Command::new(python);
        command
            .args([script, &url])
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("NO_PROXY", "*");
        command
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env_remove("AWS_PROFILE")
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && stdout.trim().ends_with("ok"),
        "{stdout}\n{stderr}"
    );
    simulator.shutdown().await;
}
