//! The dashboard, on its own or at a request.

use super::{Context, Failure, Outcome, resolve};
use crate::cli::Global;
use crate::{DashboardOptions, Settings, dashboard as open_dashboard};
use clap::CommandFactory;
use std::io::{self, IsTerminal, Write};
use team_shared::ids::RequestId;

/// `open ID`.
pub(super) async fn run(cx: &Context, id: &str) -> Outcome {
    let view = resolve::request(cx, id).await?;
    dashboard(&cx.global, Some(view.id)).await
}

/// The dashboard. Without a terminal there is nothing to draw on: help, and exit 2.
pub(super) async fn dashboard(global: &Global, open: Option<RequestId>) -> Outcome {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        writeln!(io::stderr(), "{}", crate::cli::Cli::command().render_help())?;
        return Err(Failure::usage(
            "the dashboard needs a terminal",
            "in scripts use the verbs above",
        ));
    }
    // A dashboard that could never have connected is a wrong path or a missing group: say it plainly, once.
    crate::client::socket::check(&global.socket)?;
    let mut options = DashboardOptions::new(&global.socket);
    options.open = open;
    options.act_as = global.act_as();
    options.settings = settings(global)?;
    options.kept = crate::kept::folder();
    open_dashboard(options)
        .await
        .map_err(|error| Failure::failed(format!("{error:#}")))
}

/// What the file says, and what was said now.
fn settings(global: &Global) -> Result<Settings, Failure> {
    let mut settings = match Settings::place() {
        Some(place) => Settings::read(&place).map_err(|error| {
            Failure::usage(
                error.to_string(),
                "docs/CLI.md says what may stand there; without the file everything is as usual",
            )
        })?,
        None => Settings::default(),
    };
    let look = &global.look;
    settings.read_only |= look.read_only;
    settings.mouse |= look.mouse;
    settings.a11y |= look.a11y;
    if look.ascii {
        settings.ascii = Some(true);
    }
    settings.theme = look.theme.unwrap_or(settings.theme);
    Ok(settings)
}
