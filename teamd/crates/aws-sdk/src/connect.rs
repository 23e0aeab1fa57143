//! From settings to clients, without a word to AWS.

use super::dates;
use super::resolver::BoundedResolver;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder as HttpBuilder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::sync::Arc;
use std::time::Duration;
use teamd_aws::config::{AwsSettings, Endpoint, Timeouts, endpoint_allowed};
use teamd_aws::port::AwsError;
use teamd_host::clock::Clock;

/// Connections idle for longer are not used again. AWS closes idle connections, and a write on one that is just being
/// closed has an unknown outcome.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// The configuration of every client: reads, with the SDK's standard retries.
pub(super) async fn sdk_config(
    settings: &AwsSettings,
    clock: &Arc<dyn Clock>,
) -> Result<SdkConfig, AwsError> {
    let endpoint = settings
        .endpoint_url
        .as_deref()
        .map(endpoint_allowed)
        .transpose()
        .map_err(|error| AwsError::Refused(format!("endpoint_url {error}")))?;
    let loopback = endpoint == Some(Endpoint::Loopback);
    let region = region(settings, loopback).await?;
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region.clone())
        .http_client(dates::heard_by(Arc::clone(clock), http_client(loopback)))
        .timeout_config(timeouts(&settings.timeouts))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .credentials_provider(credentials(settings, region, loopback).await);
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if clock.guard().is_some() {
        loader = loader.time_source(dates::SigningTime(Arc::clone(clock)));
    }
    // The loader also reads endpoints from AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and the profile. A daemon that
    // grants access goes where its own configuration says, so all of them are taken out again.
    let mut config = loader.load().await.into_builder().service_config(Nothing);
    config.set_endpoint_url(settings.endpoint_url.clone());
    let config = config.build();
    let Some(role) = &settings.assume_role else {
        return Ok(config);
    };
    Ok(with_role(&config, &config, role).await)
}

/// `config` with the credentials of a role that those of `source` may assume.
pub(super) async fn with_role(config: &SdkConfig, source: &SdkConfig, role: &str) -> SdkConfig {
    let assumed = AssumeRoleProvider::builder(role)
        .session_name("teamd")
        .configure(source)
        .build()
        .await;
    config
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(assumed))
        .build()
}

/// The same for writes, and for everything whose attempts the reconciler counts: one HTTP attempt each.
pub(super) fn one_attempt(config: &SdkConfig, timeouts: &Timeouts) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.attempt)
        .build();
    config
        .to_builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build()
}

/// What clients find when they look for settings of their service in the environment and the profile.
#[derive(Debug)]
struct Nothing;

impl LoadServiceConfig for Nothing {
    fn load_config(&self, _: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

/// Names of environment variables that other AWS tools would take an endpoint from and that are not used, so that
/// somebody can be told. Credential providers that speak to AWS themselves (web identity, SSO and role profiles) are the
/// SDK's own and do read them: `teamd` should be started without any.
#[must_use]
pub fn ignored_endpoint_variables() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("AWS_ENDPOINT_URL"))
        .collect()
}

async fn region(settings: &AwsSettings, loopback: bool) -> Result<Region, AwsError> {
    if let Some(region) = &settings.region {
        return Ok(Region::new(region.clone()));
    }
    // The SDK's chain goes on to the instance metadata, over the network; the daemon starts without any.
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
        return Ok(region);
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    match profile.build().region().await {
        Some(region) => Ok(region),
        None if loopback => Ok(Region::from_static("us-east-1")),
        None => Err(AwsError::Refused(
            "no region is configured: set `region` under [aws], the region of Identity Center".to_owned(),
        )),
    }
}

async fn credentials(settings: &AwsSettings, region: Region, loopback: bool) -> SharedCredentialsProvider {
    let profile = settings.profile.as_deref();
    if loopback {
        // A loopback endpoint is a simulator or an emulator: it checks no signature, and waiting for instance metadata,
        // or sending an instance's own credentials there, would make no sense.
        let mut file = ProfileFileCredentialsProvider::builder();
        if let Some(name) = profile {
            file = file.profile_name(name);
        }
        let chain =
            CredentialsProviderChain::first_try("environment", EnvironmentVariableCredentialsProvider::new())
                .or_else("profile", file.build())
                .or_else(
                    "simulator",
                    Credentials::new("AKIDSIMULATOR", "simulator", None, None, "simulator"),
                );
        return SharedCredentialsProvider::new(chain);
    }
    let mut chain = DefaultCredentialsChain::builder().region(region);
    if let Some(name) = profile {
        chain = chain.profile_name(name);
    }
    SharedCredentialsProvider::new(chain.build().await)
}

/// One HTTP client for all services: one set of trusted certificates, shared connections.
fn http_client(loopback: bool) -> SharedHttpClient {
    let resolver = BoundedResolver::new();
    HttpBuilder::new()
        .pool_idle_timeout(LONGEST_IDLE)
        .build_with_connector_fn(move |settings, components| {
            let proxy = if loopback {
                ProxyConfig::disabled()
            } else {
                ProxyConfig::from_env()
            };
            let mut connector = Connector::builder().proxy_config(proxy);
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            connector
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build_with_resolver(resolver.clone())
        })
}

fn timeouts(timeouts: &Timeouts) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build()
}
