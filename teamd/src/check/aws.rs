//! What the answers of AWS mean for whoever sets the daemon up.

use super::Line;
use teamd_aws::port::AwsError;

/// A line for each call. A call is named as IAM names its action, such as `sso:ListInstances`; what it returned is said
/// in a few words, such as `3 accounts`.
#[must_use]
pub fn lines(results: &[(&str, Result<String, AwsError>)]) -> Vec<Line> {
    results
        .iter()
        .map(|(call, result)| {
            let name = format!("aws {call}");
            match result {
                Ok(detail) => Line::ok(name, detail),
                // Too fast is an answer: the call is allowed.
                Err(error @ AwsError::Throttled(_)) => Line::warn(name, error.to_string(), help(call, error)),
                Err(error) => Line::fail(name, error.to_string(), help(call, error)),
            }
        })
        .collect()
}

fn help(call: &str, error: &AwsError) -> String {
    match error {
        AwsError::Unreachable(_) => {
            "check region and endpoint_url in [aws], name resolution, and the way out (proxy, VPC endpoint, firewall)"
                .to_owned()
        }
        AwsError::Throttled(_) => "try again; if it stays, another tool uses up the rate, or lower \
                                   requests_per_second in [aws]"
            .to_owned(),
        AwsError::Refused(why) if about_credentials(why) => {
            "the daemon has no valid credentials: check profile and assume_role in [aws], the instance role, and the clock"
                .to_owned()
        }
        AwsError::Refused(_) => {
            let place = match call.split(':').next() {
                Some("organizations") => {
                    "; Organizations answers only the management account and delegated administrators"
                }
                Some("sso" | "identitystore") => {
                    "; Identity Center answers only the management account and its delegated administrator, in its own region"
                }
                Some("scheduler") => "; the dead-man's switch needs the other actions of docs/iam-policy.json too",
                Some("logs") => {
                    "; on the log group's ARN and on that with :* behind it; a log group of another account needs \
                     CloudWatch's cross-account observability"
                }
                Some("cloudtrail") if !call.ends_with("LookupEvents") => "; on the event data store's ARN",
                Some("sts") if call.ends_with("AssumeRole") => {
                    "; the role's trust policy must name the daemon's identity"
                }
                _ => "",
            };
            format!("allow {call} in the policy of the daemon's role{place}")
        }
        AwsError::Unexpected(_) if call.starts_with("logs:") => {
            "check log_group in [activity]: the name in the region of [aws], or the ARN".to_owned()
        }
        AwsError::Unexpected(_) if call.ends_with(":StartQuery") => {
            "check event_data_store in [activity]: the id in the region of [aws], or the ARN".to_owned()
        }
        AwsError::Unexpected(_) => {
            "check that endpoint_url and region in [aws] name AWS, or a faithful emulator".to_owned()
        }
    }
}

/// Whether AWS did not know who asked, rather than knowing and saying no.
fn about_credentials(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    [
        "credential",
        "expiredtoken",
        "unrecognizedclient",
        "invalidclienttoken",
        "signature",
        "security token",
    ]
    .iter()
    .any(|sign| why.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{exit_code, render};

    #[test]
    fn each_kind_of_failure_says_what_helps() {
        let results = [
            ("sts:GetCallerIdentity", Ok("account 111122223333".to_owned())),
            (
                "sso:ListInstances",
                Err(AwsError::Refused("AccessDeniedException".to_owned())),
            ),
            (
                "organizations:ListAccounts",
                Err(AwsError::Refused("no credentials in the chain".to_owned())),
            ),
            (
                "identitystore:ListUsers",
                Err(AwsError::Throttled("ThrottlingException".to_owned())),
            ),
            (
                "cloudtrail:LookupEvents",
                Err(AwsError::Unreachable("timed out".to_owned())),
            ),
        ];
        let lines = lines(&results);
        insta::assert_snapshot!(render(&lines), @r"
        ok    aws sts:GetCallerIdentity       account 111122223333
        fail  aws sso:ListInstances           AWS refuses us: AccessDeniedException -> allow sso:ListInstances in the policy of the daemon's role; Identity Center answers only the management account and its delegated administrator, in its own region
        fail  aws organizations:ListAccounts  AWS refuses us: no credentials in the chain -> the daemon has no valid credentials: check profile and assume_role in [aws], the instance role, and the clock
        warn  aws identitystore:ListUsers     AWS throttles us: ThrottlingException -> try again; if it stays, another tool uses up the rate, or lower requests_per_second in [aws]
        fail  aws cloudtrail:LookupEvents     AWS does not answer: timed out -> check region and endpoint_url in [aws], name resolution, and the way out (proxy, VPC endpoint, firewall)
        ");
        assert_eq!(exit_code(&lines), 1);
        assert_eq!(exit_code(&lines[3..4]), 0);
    }
}
