//! Times as the command line says them.

use crate::cli::team;
use crate::fake;
use chrono::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_residual_window_that_is_over_is_not_said_to_be_open() {
    let running = fake::start().await;
    for (minutes, words) in [(30, "may live until"), (-30, "are over since")] {
        {
            let mut world = running.fake.world();
            let over = world.requests.iter_mut().find(|view| view.id.short() == "ZZ4H6R");
            let ended = over.and_then(|view| view.ended.as_mut()).expect("it is over");
            ended.residual_until = Some(fake::now() + Duration::minutes(minutes));
        }
        let (code, out, _) = team(&running, &["show", "ZZ4H6R"]).await;
        assert_eq!(code, 0);
        assert!(out.contains(&format!("issued before the end {words}")), "{out}");
    }
}
