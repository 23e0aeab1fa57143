//! `cargo demo`: the simulated organisation, a daemon on a temporary store and the dashboard, in one process. The only
//! place that knows all three.

use anyhow::Context;
use clap::Parser;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use team_tui::{DashboardOptions, DemoHooks, Screen};
use teamd::demo::{Options, World};

/// Opens the dashboard on a world of its own; nothing outside is touched.
#[derive(Debug, Parser)]
#[command(name = "cargo demo")]
struct Arguments {
    /// Whom to act as at first
    #[arg(long = "as", value_name = "NAME", default_value = "bob")]
    act_as: String,
    /// Seed of the history
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to listen, so that `team-tui --socket PATH --as NAME` can join from another terminal
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime
        .context("runtime")
        .and_then(|runtime| runtime.block_on(demo(arguments)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(arguments: Arguments) -> anyhow::Result<()> {
    eprintln!("Building an organisation, three weeks of history and a queue …");
    let world = Arc::new(
        World::start(Options {
            socket: arguments.socket,
            seed: arguments.seed,
        })
        .await?,
    );
    let options = DashboardOptions {
        start_screen: Some(Screen::Queue),
        act_as: Some(arguments.act_as),
        demo: Some(DemoHooks {
            people: world.people(),
            chaos: chaos(&world),
        }),
        ..DashboardOptions::new(world.socket())
    };
    let shown = team_tui::dashboard(options).await;
    if let Some(world) = Arc::into_inner(world) {
        world.stop().await;
    }
    shown
}

/// `:chaos`: short access is given, the daemon is killed, the end passes while nobody is there, and the daemon that
/// comes back takes it away before anything else.
fn chaos(world: &Arc<World>) -> team_tui::Chaos {
    let world = Arc::downgrade(world);
    Arc::new(move || -> BoxStream<'static, String> {
        let world = world.clone();
        let (say, heard) = tokio::sync::mpsc::unbounded_channel();
        let story = async move {
            let Some(world) = world.upgrade() else { return };
            if let Err(error) = tell(&world, &say).await {
                // The screen may have gone; then nobody wants to know.
                let _ = say.send(format!("chaos failed: {error:#}"));
            }
        };
        let lines = futures::stream::unfold(
            heard,
            |mut heard| async move { Some((heard.recv().await?, heard)) },
        );
        // The story is driven by whoever reads its lines.
        futures::stream::select(
            lines,
            futures::stream::once(story).filter_map(|()| async { None }),
        )
        .boxed()
    })
}

async fn tell(world: &World, say: &tokio::sync::mpsc::UnboundedSender<String>) -> anyhow::Result<()> {
    let line = |text: String| {
        let _ = say.send(text);
    };
    line("carol asks for ReadOnlyAccess on prod-payments for 45 s (nobody must approve)".to_owned());
    let (id, ends_at) = world.short_access(45).await?;
    line(format!(
        "{} is active until {}; killing the daemon now",
        id.short(),
        ends_at.format("%H:%M:%SZ")
    ));
    world.kill_daemon().await;
    line("the daemon is dead; its store and AWS are as they were".to_owned());
    loop {
        let left = ends_at - world.now();
        if left < chrono::TimeDelta::seconds(-5) {
            break;
        }
        let seconds = left.num_seconds();
        if seconds % 10 == 0 || seconds == 3 {
            line(if seconds > 0 {
                format!("dead, {seconds} s before the end")
            } else {
                format!(
                    "dead, {} s past the end: the assignment is {}",
                    -seconds,
                    world.assignment_word(&id).await
                )
            });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    line("starting the daemon again".to_owned());
    world.run_daemon().await?;
    let late = world.wait_for_end(&id).await?;
    line(format!(
        "{} is ended, {late} s late; the assignment is {} in AWS",
        id.short(),
        world.assignment_word(&id).await
    ));
    Ok(())
}
