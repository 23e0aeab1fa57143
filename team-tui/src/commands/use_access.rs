//! `use ID`: approved, and now? The console's link, an AWS profile, and the command that signs in.

use super::{Context, Failure, Outcome, resolve};
use crate::aws_config::{self, ConfigError};
use crate::format;
use crate::profile::{self, Profile};
use crate::ways::Ways;
use serde::Serialize;
use std::path::PathBuf;
use team_shared::portal::Use;
use team_shared::problem::{Code, Problem};

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    access: &'a Use,
    console_url: Option<String>,
    sso_session: Option<&'a str>,
    profile_text: Option<String>,
    sign_in: Option<Vec<String>>,
    missing: Option<&'a str>,
    written_to: Option<&'a PathBuf>,
}

pub(super) async fn run(cx: &Context, id: &str, write_profile: bool) -> Outcome {
    let view = resolve::request(cx, id).await?;
    let access = cx.client.use_of(&view.id).await?;
    let made = Profile::of(&access);
    let mut written_to = None;
    if write_profile && let Ok(made) = &made {
        let path = aws_config::path().map_err(refused)?;
        aws_config::write(&path, &made.sections()).map_err(refused)?;
        written_to = Some(path);
    }
    if cx.out.is_json() {
        let known = made.as_ref().ok();
        cx.out.document(&Answer {
            console_url: access.console_url(),
            sso_session: known.map(|made| made.session.as_str()),
            profile_text: known.map(Profile::text),
            sign_in: known.map(|made| made.sign_in(profile::over_ssh())),
            missing: made.as_ref().err().map(String::as_str),
            written_to: written_to.as_ref(),
            access: &access,
        })?;
    } else {
        say(cx, &access, &made, written_to.as_ref())?;
    }
    match made {
        Err(why) if write_profile => Err(Failure::Failed {
            detail: format!("no profile was written: {why}"),
            help: Some("the administrator of teamd sets it".to_owned()),
        }),
        _ => Ok(()),
    }
}

fn say(cx: &Context, access: &Use, made: &Result<Profile, String>, written_to: Option<&PathBuf>) -> Outcome {
    cx.out.line(&format!(
        "{}: {} ({}) as {} until {}, {}",
        access.request_id.short(),
        access.account_name,
        access.account_id,
        access.role_name,
        format::in_utc_too(access.until, cx.out.zone()),
        format::left(access.until, cx.now),
    ))?;
    let Ways { all, missing, .. } = Ways::of(access.clone(), profile::over_ssh());
    for way in &all {
        // The profile is two sections to be pasted as they are, or it is in its file by now.
        match (way.label, written_to, made) {
            ("profile", Some(path), Ok(made)) => {
                cx.out.line("")?;
                cx.out
                    .line(&format!("profile {} is in {}", made.name, path.display()))?;
            }
            ("profile", ..) => {
                cx.out.line("")?;
                way.text.lines().try_for_each(|line| cx.out.line(line))?;
            }
            ("then", ..) => cx.out.line(&format!("then:    {}", way.text))?,
            (label, ..) => {
                cx.out.line("")?;
                cx.out.line(&format!("{label}: {}", way.text))?;
            }
        }
    }
    if let Some(why) = missing {
        cx.out.note(&why);
    }
    Ok(())
}

/// A section that is not ours is a conflict, the rest a fault.
fn refused(error: ConfigError) -> Failure {
    match error {
        ConfigError::Foreign { .. } => Failure::Problem(Box::new(
            Problem::new(Code::Duplicate, error.to_string())
                .help("rename or remove that section; without --write-profile the lines are printed"),
        )),
        error => Failure::failed(error.to_string()),
    }
}
