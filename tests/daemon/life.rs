//! To come.
use crate::support::*;
#[tokio::test]
async fn a_request_travels_from_submit_to_its_end() {
    let t = std::time::Instant::now();
    let world = World::new().await;
    eprintln!("start {:?}", t.elapsed());
    let id = world.active().await;
    eprintln!("active {:?}", t.elapsed());
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    eprintln!("ended {:?}", t.elapsed());
}
