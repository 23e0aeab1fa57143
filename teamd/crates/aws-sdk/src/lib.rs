//! The adapters on AWS's SDK. Nothing of the SDK's leaves this module.
//!
//! * `connect` settings → clients, without a word to AWS
//! * `dates` AWS's clock, from every answer
//! * `resolver` host names, without using up threads
//! * `pace` one bucket for each limit of AWS's
//! * `failure` SDK error → what it means
//! * `assignments`, `directory`, `inventory`, `activity`, `identity`, `schedules`, `messages` the ports of [`teamd_aws::port`]
//!
//! To add a call: a bucket in `pace`, then `Aws::call` with it; a port method returns our own types only.

mod activity;
mod assignments;
mod connect;
mod dates;
mod directory;
mod failure;
mod identity;
mod instance;
mod inventory;
mod messages;
mod pace;
mod probe;
mod resolver;
mod schedules;
#[cfg(test)]
mod tests;

pub use activity::{EventDataStore, EventHistory, LogGroup};
pub use connect::ignored_endpoint_variables;
pub use directory::session_seconds;

use arc_swap::ArcSwapOption;
use aws_config::{Region, SdkConfig};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use directory::Slow;
use failure::{Failure, Kind};
use futures::{Stream, TryStreamExt};
use instance::Instance;
use pace::Pace;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use team_shared::ids::AccountId;
use teamd_aws::config::AwsSettings;
use teamd_aws::health::{AwsHealth, Service, State};
use teamd_aws::limiter::{Limiter, Urgency};
use teamd_aws::port::AwsError;
use teamd_host::clock::Clock;

/// AWS, behind all ports of [`teamd_aws::port`]. Share it by `Arc`.
pub struct Aws {
    settings: AwsSettings,
    loopback: bool,
    clock: Arc<dyn Clock>,
    health: Arc<AwsHealth>,
    clients: Clients,
    pace: Arc<Pace>,
    instance: Arc<ArcSwapOption<Instance>>,
    own_account: Arc<ArcSwapOption<AccountId>>,
    slow: Mutex<Option<Slow>>,
    organization_seen: AtomicBool,
    /// A complete load has succeeded: from then on loads are refreshes, which can wait.
    has_loaded: AtomicBool,
}

struct Clients {
    config: SdkConfig,
    /// The same for one attempt.
    once: SdkConfig,
    /// Identity Center for the directory, with the SDK's retries.
    sso_admin: aws_sdk_ssoadmin::Client,
    /// Identity Center for the reconciler: one attempt.
    sso_admin_once: aws_sdk_ssoadmin::Client,
    identity_store: aws_sdk_identitystore::Client,
    organizations: aws_sdk_organizations::Client,
    sts: aws_sdk_sts::Client,
    /// Schedules of the dead-man's switch: one attempt.
    scheduler: aws_sdk_scheduler::Client,
    cloudtrail: Mutex<HashMap<(Option<AccountId>, String), aws_sdk_cloudtrail::Client>>,
}

impl Clients {
    async fn connect(settings: &AwsSettings, clock: &Arc<dyn Clock>) -> Result<Self, AwsError> {
        let config = connect::sdk_config(settings, clock).await?;
        let once = connect::one_attempt(&config, &settings.timeouts);
        Ok(Self {
            sso_admin: aws_sdk_ssoadmin::Client::new(&config),
            sso_admin_once: aws_sdk_ssoadmin::Client::new(&once),
            identity_store: aws_sdk_identitystore::Client::new(&config),
            organizations: aws_sdk_organizations::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            scheduler: aws_sdk_scheduler::Client::new(&once),
            cloudtrail: Mutex::new(HashMap::new()),
            once,
            config,
        })
    }
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// Clients for these settings. Nothing is asked of AWS: credentials, the instance and its identity store are looked
    /// for by the first call that needs them.
    ///
    /// # Errors
    /// [`AwsError::Refused`] for settings that cannot work: an endpoint that is not allowed, no region.
    pub async fn connect(
        settings: AwsSettings,
        clock: Arc<dyn Clock>,
        health: Arc<AwsHealth>,
    ) -> Result<Self, AwsError> {
        let clients = Clients::connect(&settings, &clock).await?;
        let loopback = settings.endpoint_url.as_deref().is_some_and(|url| {
            teamd_aws::config::endpoint_allowed(url) == Ok(teamd_aws::config::Endpoint::Loopback)
        });
        Ok(Self {
            loopback,
            clock,
            health,
            clients,
            pace: Arc::new(Pace::new(&settings)),
            instance: Arc::default(),
            own_account: Arc::default(),
            slow: Mutex::new(None),
            organization_seen: AtomicBool::new(false),
            has_loaded: AtomicBool::new(false),
            settings,
        })
    }

    /// The same AWS over connections, credentials and name look-ups of its own. Pace, health and what is known of the
    /// instance are shared. An HTTP connection is driven by the runtime that opened it, so two runtimes must not share
    /// one: the busy one would hold up the other's answers.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn with_own_connections(&self) -> Result<Self, AwsError> {
        Ok(Self {
            loopback: self.loopback,
            clock: Arc::clone(&self.clock),
            health: Arc::clone(&self.health),
            clients: Clients::connect(&self.settings, &self.clock).await?,
            pace: Arc::clone(&self.pace),
            instance: Arc::clone(&self.instance),
            own_account: Arc::clone(&self.own_account),
            slow: Mutex::new(None),
            organization_seen: AtomicBool::new(false),
            has_loaded: AtomicBool::new(false),
            settings: self.settings.clone(),
        })
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn settings(&self) -> &AwsSettings {
        &self.settings
    }

    /// Waits for the right to call, calls, and reports how it went.
    async fn call<T, E>(
        &self,
        (service, operation): (Service, &str),
        (bucket, urgency): (&Limiter, impl Into<Urgency>),
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let result = self
            .attempt((service, operation), (bucket, urgency), request)
            .await;
        if let Err(failure) = &result {
            self.report(service, failure);
        }
        result
    }

    /// The same for what AWS may refuse, and an emulator may not have, without anything being wrong: failures are the
    /// caller's to judge.
    async fn attempt<T, E>(
        &self,
        (service, operation): (Service, &str),
        (bucket, urgency): (&Limiter, impl Into<Urgency>),
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        bucket.acquire(urgency).await;
        match request.await {
            Ok(output) => {
                self.health.succeeded(service, self.clock.now());
                Ok(output)
            }
            Err(error) => {
                let failure = Failure::of(operation, &error);
                if failure.kind == Kind::Throttled {
                    bucket.throttled();
                }
                tracing::debug!(operation, kind = ?failure.kind, error = %failure.message, "AWS call failed");
                Err(failure)
            }
        }
    }

    fn report(&self, service: Service, failure: &Failure) {
        let now = self.clock.now();
        match failure.health() {
            State::Ok => self.health.succeeded(service, now),
            state => self.health.failed(service, state, &failure.message, now),
        }
    }

    /// A client for the event history of one region: of our own account, or of another by the role that it has for us.
    async fn cloudtrail(&self, account: Option<&AccountId>, region: &str) -> aws_sdk_cloudtrail::Client {
        let place = (account.cloned(), region.to_owned());
        let known = {
            let clients = self
                .clients
                .cloudtrail
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            clients.get(&place).cloned()
        };
        if let Some(client) = known {
            return client;
        }
        let config = self
            .clients
            .config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        let config = match (account, &self.settings.activity_role) {
            (Some(account), Some(role)) => {
                let partition = self.partition();
                let arn = format!("arn:{partition}:iam::{account}:role/{role}");
                connect::with_role(&config, &self.clients.config, &arn).await
            }
            _ => config,
        };
        let client = aws_sdk_cloudtrail::Client::new(&config);
        let mut clients = self
            .clients
            .cloudtrail
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        clients.entry(place).or_insert(client).clone()
    }

    /// A client for CloudTrail with our own credentials, of the region of Identity Center where none is named.
    async fn cloudtrail_of(&self, region: Option<&str>) -> aws_sdk_cloudtrail::Client {
        let own = self.clients.config.region().map(AsRef::as_ref);
        self.cloudtrail(None, region.or(own).unwrap_or("us-east-1")).await
    }

    /// The partition of the Identity Center instance: `aws` where it is not known yet.
    fn partition(&self) -> String {
        let instance = self.instance.load();
        let named = instance
            .as_ref()
            .and_then(|instance| instance.arn.split(':').nth(1).map(ToOwned::to_owned));
        named.unwrap_or_else(|| "aws".to_owned())
    }
}

/// All pages of a listing, together.
async fn pages<T, Page>(page: impl FnMut(Option<String>) -> Page) -> Result<Vec<T>, Failure>
where
    Page: Future<Output = Result<(Vec<T>, Option<String>), Failure>>,
{
    let pages: Vec<Vec<T>> = pages_of(page).try_collect().await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Pages of one listing. AWS's largest have some thousands.
const MAX_PAGES: usize = 100_000;

/// The pages of a listing. Pages may be empty and still have a successor; the end is where no token comes. A token that
/// comes a second time would go on for ever.
fn pages_of<T, Page>(
    mut page: impl FnMut(Option<String>) -> Page,
) -> impl Stream<Item = Result<Vec<T>, Failure>>
where
    Page: Future<Output = Result<(Vec<T>, Option<String>), Failure>>,
{
    async_stream::try_stream! {
        let (mut token, mut seen) = (None, HashSet::new());
        loop {
            let (items, next) = page(token).await?;
            yield items;
            token = next.filter(|next| !next.is_empty());
            let Some(next) = &token else { break };
            // Tokens are long: their hashes do.
            let mut hash = DefaultHasher::new();
            next.hash(&mut hash);
            if !seen.insert(hash.finish()) || seen.len() > MAX_PAGES {
                Err(Failure::new(Kind::Odd, "a listing whose pages have no end"))?;
            }
        }
    }
}

/// An identifier from AWS, or the news that it makes no sense.
fn parse<T>(text: Option<&str>, what: &str) -> Result<T, Failure>
where
    T: std::str::FromStr<Err = team_shared::ids::InvalidId>,
{
    let text = text.ok_or_else(|| Failure::new(Kind::Odd, format!("{what} without an id")))?;
    text.parse()
        .map_err(|error| Failure::new(Kind::Odd, failure::bounded(&format!("{what}: {error}"))))
}
