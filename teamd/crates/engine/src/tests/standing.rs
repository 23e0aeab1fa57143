//! Access that the person has already is told from what another request of theirs is just being given.

use crate::backstop::tests::model::Model;
use crate::backstop::tests::world::{World, key};
use crate::refused::Refused;
use aws_simulator::Faults;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use team_shared::problem::Code;
use teamd_aws::port::{Assignments, Lane};
use teamd_domain::grant::Reply;
use teamd_domain::request::Key;
use tokio::sync::Semaphore;

/// AWS, whose first listing is as slow as the test wants.
struct SlowAtFirst {
    model: Arc<Model>,
    is_first: AtomicBool,
    asked: Semaphore,
    may_answer: Semaphore,
}

impl Assignments for SlowAtFirst {
    fn list<'a>(&'a self, key: &'a Key, lane: Lane) -> BoxFuture<'a, Reply> {
        let waits = self.is_first.swap(false, Ordering::SeqCst);
        Box::pin(async move {
            if waits {
                self.asked.add_permits(1);
                drop(self.may_answer.acquire().await);
            }
            self.model.list(key, lane).await
        })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        self.model.create(key)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        self.model.delete(key)
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, lane: Lane) -> BoxFuture<'a, Reply> {
        self.model.creation_status(request_id, lane)
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        self.model.deletion_status(request_id)
    }
}

/// A daemon whose first listing waits.
async fn world() -> (World, Arc<SlowAtFirst>) {
    let mut world = World::asleep(Faults::none());
    let aws = Arc::new(SlowAtFirst {
        model: Arc::clone(&world.model),
        is_first: AtomicBool::new(true),
        asked: Semaphore::new(0),
        may_answer: Semaphore::new(0),
    });
    world.assignments = Arc::clone(&aws) as Arc<dyn Assignments>;
    world.run(false).await;
    (world, aws)
}

/// What a submission hears when this happens while it asks AWS.
async fn asked_while(
    world: &World,
    aws: &SlowAtFirst,
    happens: impl Future<Output = ()>,
) -> Result<(), Refused> {
    let meanwhile = async {
        drop(aws.asked.acquire().await);
        happens.await;
        aws.may_answer.add_permits(1);
    };
    let key = key();
    tokio::join!(world.engine().refuse_standing(&key), meanwhile).0
}

#[tokio::test]
async fn what_another_request_is_given_while_aws_is_asked_is_no_standing_access_d7() {
    let (mut world, aws) = world().await;
    let heard = asked_while(&world, &aws, async {
        let other = world.file(3600).await;
        world.reach(other, "active").await;
    });
    heard.await.unwrap();
    world.die().await;
}

#[tokio::test]
async fn what_nobody_was_given_by_us_is_standing_access() {
    let (mut world, aws) = world().await;
    let refused = asked_while(&world, &aws, async { world.assign() })
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::StandingAccess);
    world.die().await;
}
