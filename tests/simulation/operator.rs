//! What the operator does: the policy, freezes, the settings of the daemon.

use super::record::Deed;
use super::script::{HOUR, Hand, MINUTE, PEOPLE, SECOND, STORM, Script};
use super::world::World;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use team_shared::problem::Code;
use teamd_domain::identity::Who;
use teamd_engine::PolicyInput;

impl Script {
    /// The daemon is started with the settings of another instance, mostly over the end of somebody's access; and AWS does
    /// not name its own account at first. By dice of their own.
    pub(crate) fn change_instances(&mut self) {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x5eed_0007);
        if rng.random_bool(0.4) {
            let plea = &self.pleas[rng.random_range(0..self.pleas.len())];
            let from = (plea.ends() + rng.random_range(-20 * MINUTE..MINUTE)).clamp(HOUR, STORM - 5 * HOUR);
            self.instances
                .push((from, from + rng.random_range(5 * MINUTE..3 * HOUR)));
        }
        if rng.random_bool(0.3) {
            self.nameless_until = rng.random_range(MINUTE..6 * HOUR);
        }
    }

    /// The operator changes the policy and freezes, mostly while a request is on its way: a submission asks AWS for up to
    /// three seconds, and a create is listed first. By dice of its own.
    pub(crate) fn command(&mut self) {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x5eed_0008);
        let mut at = HOUR;
        for _ in 0..rng.random_range(0..6) {
            let plea = &self.pleas[rng.random_range(0..self.pleas.len())];
            let from = plea.begins() + rng.random_range(0..1_500);
            if from <= at || from > STORM - 5 * HOUR {
                continue;
            }
            let to = from + rng.random_range(10 * SECOND..2 * HOUR);
            let (on, off) = match rng.random_bool(0.6) {
                true => (Hand::Deny(plea.place.person), Hand::Allow(plea.place.person)),
                false => (Hand::Freeze, Hand::Unfreeze),
            };
            self.commands.extend([(from, on), (to, off)]);
            at = to;
        }
    }
}

impl World {
    /// The operator applies the policy, and says what the script says, each until it is accepted.
    pub(crate) async fn govern(self: Arc<Self>) {
        let keeps = if self.script.keeps { "keep" } else { "end" };
        let document = include_str!("policy.toml").replace("KEEPS", keeps);
        self.insist(&document, None).await;
        for (at, hand) in self.script.commands.clone() {
            self.clock.until(at).await;
            let denied = match hand {
                Hand::Deny(person) => format!(
                    "{document}\n[[deny]]\nid = \"stop\"\nwho = [\"user:{}\"]\naccounts = [\"*\"]\n\
                     permission_sets = [\"*\"]\nreason = \"under review\"\n",
                    PEOPLE[person]
                ),
                _ => document.clone(),
            };
            self.insist(&denied, Some(hand)).await;
            self.note(Deed::Hand(hand));
        }
        std::future::pending().await
    }

    async fn insist(&self, document: &str, hand: Option<Hand>) {
        let operator = self.peer(0, Who::Operator);
        loop {
            if let Some((engine, dies)) = self.connection() {
                let said = async {
                    match hand {
                        Some(Hand::Freeze) => engine
                            .freeze(&operator, "the script says so", false)
                            .await
                            .map(drop),
                        Some(Hand::Unfreeze) => engine.unfreeze(&operator, None).await,
                        _ => {
                            let input = PolicyInput {
                                document: document.to_owned(),
                                force_reason: Some("the script says so".to_owned()),
                                ..PolicyInput::default()
                            };
                            engine.apply_policy(&operator, input).await.map(drop)
                        }
                    }
                };
                let answer = tokio::select! {
                    biased;
                    () = dies.cancelled() => None,
                    answer = said => Some(answer),
                };
                match answer {
                    Some(Ok(())) => return,
                    // An answer that was lost: no freeze is on any more.
                    Some(Err(refused)) if refused.code == Code::AlreadyDecided => return,
                    Some(Err(refused)) => assert!(refused.errors.is_empty(), "{refused}"),
                    None => {}
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// The daemon is started with the settings of another instance, and with its own again.
    pub(crate) async fn change_instances(self: Arc<Self>) {
        for (from, to) in self.script.instances.clone() {
            for at in [from, to] {
                self.clock.until(at).await;
                self.crash.notify_one();
            }
        }
        std::future::pending().await
    }

    /// Whether the daemon is configured for another instance.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let now = self.now();
        let mut spans = self.script.instances.iter();
        spans.any(|(from, to)| (*from..*to).contains(&now))
    }
}
