//! Starting, running, stopping.

use std::time::Duration;

use aws_simulator::{Faults, Simulator, SimulatorConfig, StartError, cli};
use reqwest::Client;

#[tokio::test]
async fn the_program_runs_until_told() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listen = "127.0.0.1:0".parse().unwrap();
    let program = cli::serve(listen, None, None, async {
        let _ = stopped.await;
    });
    let (result, ()) = tokio::join!(program, async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
    });
    result.unwrap();
}

#[tokio::test]
async fn only_on_loopback() {
    let config = SimulatorConfig {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..SimulatorConfig::default()
    };
    assert!(matches!(
        Simulator::start(config).await,
        Err(StartError::NotLoopback(_))
    ));
}

#[tokio::test]
async fn stops_when_dropped() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    let url = simulator.url();
    assert!(http.get(format!("{url}/_simulator/calls")).send().await.is_ok());
    drop(simulator);
    for _ in 0..100 {
        if http.get(format!("{url}/_simulator/calls")).send().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still listening");
}

#[tokio::test]
async fn people_work_in_the_background() {
    let config = SimulatorConfig {
        activity_tick: Some(Duration::from_millis(20)),
        faults: Faults {
            activity_gap_ms: 100,
            ..Faults::default()
        },
        ..SimulatorConfig::lively()
    };
    let simulator = Simulator::start(config).await.unwrap();
    let model = simulator.model();
    let seen = || model.lock().unwrap().history("400000000031", "eu-west-1").len();
    let before = seen();
    assert!(before >= 15, "a week of history");
    {
        let mut org = model.lock().unwrap();
        let key = org.user_key("alice", "prod-payments", "DatabaseAdmin").unwrap();
        org.put_assignment(&key, i64::MAX / 2);
    }
    for _ in 0..200 {
        if seen() > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody did anything");
}
