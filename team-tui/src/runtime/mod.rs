//! The dashboard's loop: messages in, effects out, a frame when something changed, at most ten a second.
//!
//! * [`terminal`] taking the terminal and giving it back, whatever happens · [`calm`] writing only what has changed
//! * [`link`] the two streams of the daemon, and coming back to them
//! * [`perform`] effects

mod calm;
mod link;
mod perform;
mod policy;
mod terminal;

use crate::app::{App, Screen};
use crate::client::Client;
use crate::clock::{self, Clock};
use crate::demo::DemoHooks;
use crate::kept;
use crate::message::Message;
use crate::modals::Modal;
use crate::screens;
use crate::settings::Settings;
use crate::theme::Theme;
use crate::update;
use chrono::DurationRound;
use crossterm::event::{Event as TerminalEvent, EventStream, KeyEventKind};
use futures::StreamExt;
use perform::Performer;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use team_shared::ids::RequestId;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// How to open the dashboard.
#[derive(Clone)]
pub struct DashboardOptions {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// A request to open at once.
    pub open: Option<RequestId>,
    /// The first screen; absent: Queue for those who decide, else Mine.
    pub start_screen: Option<Screen>,
    /// Whom to act as, which only a demo daemon honours.
    pub act_as: Option<String>,
    /// What a demo adds.
    pub demo: Option<DemoHooks>,
    /// What the reader has chosen.
    pub settings: Settings,
    /// Where drafts are kept between runs; none: nowhere.
    pub kept: Option<PathBuf>,
    /// Where the time comes from.
    pub clock: Clock,
}

impl fmt::Debug for DashboardOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DashboardOptions")
            .field("socket", &self.socket)
            .field("open", &self.open)
            .field("start_screen", &self.start_screen)
            .field("act_as", &self.act_as)
            .field("demo", &self.demo)
            .finish_non_exhaustive()
    }
}

impl DashboardOptions {
    /// The dashboard on the daemon behind `socket`, with everything else as usual.
    #[must_use]
    pub fn new(socket: impl AsRef<Path>) -> Self {
        Self {
            socket: socket.as_ref().to_owned(),
            open: None,
            start_screen: None,
            act_as: None,
            demo: None,
            settings: Settings::default(),
            kept: None,
            clock: clock::system(),
        }
    }
}

/// A message and the link that it came over: those of an earlier identity are dropped.
type Tagged = (u64, Message);

/// Opens the dashboard and returns when the reader leaves it. The terminal is as it was before, whatever happens.
///
/// # Errors
/// The terminal cannot be set up or written to, or a task panicked (the terminal is restored then, too).
pub async fn dashboard(options: DashboardOptions) -> anyhow::Result<()> {
    let client = Client::new(&options.socket, true)?.acting_as(options.act_as.clone());
    let (sender, receiver) = mpsc::channel(256);
    let mut app = App::new((options.clock)(), options.socket.display().to_string());
    app.open = options.open;
    app.acting_as.clone_from(&options.act_as);
    app.read_only = options.settings.read_only;
    app.templates.clone_from(&options.settings.templates);
    app.keys.clone_from(&options.settings.keys);
    app.columns.clone_from(&options.settings.columns);
    app.mouse = options.settings.mouse;
    if options.settings.local_time {
        app.zone = crate::format::Zone::Local;
    }
    app.demo = options.demo.as_ref().map(|demo| demo.people.clone());
    match options.start_screen {
        Some(screen) => app.screen = screen,
        None => app.screen_undecided = true,
    }
    if let Some(folder) = &options.kept {
        app.draft = kept::draft(folder);
        app.welcome = !kept::was_welcomed(folder);
        app.columns = kept::columns(folder).before(&app.columns);
    }
    let mut performer = Performer::new(client, sender, options.demo.clone().map(|demo| demo.chaos));
    performer.kept.clone_from(&options.kept);
    let mut terminal = terminal::Guard::take()?;
    let result = run(&mut app, &mut terminal, &mut performer, receiver, &options).await;
    terminal.give_back();
    // However it was left: what was typed is there the next time.
    let typed = match &app.modal {
        Some(Modal::Form(form)) if !form.sending => form.draft(),
        _ => app.draft.take(),
    };
    if let Some(folder) = &options.kept {
        kept::keep_draft(folder, typed.as_ref());
    }
    performer.stop().await;
    if terminal::panicked() {
        anyhow::bail!("a part of the dashboard failed; the message above says where");
    }
    result
}

/// SIGTERM and SIGHUP: leave, but leave the terminal in order.
struct Stops(Signal, Signal);

impl Stops {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

async fn run(
    app: &mut App,
    terminal: &mut terminal::Guard,
    performer: &mut Performer,
    mut receiver: mpsc::Receiver<Tagged>,
    options: &DashboardOptions,
) -> anyhow::Result<()> {
    let theme = Theme::from_environment(options.settings.theme);
    let look = options.settings.look();
    // What is read aloud must not change every second.
    let clock = || {
        let now = (options.clock)();
        if look.is_spoken {
            now.duration_trunc(chrono::Duration::minutes(1)).unwrap_or(now)
        } else {
            now
        }
    };
    let mut keys = Some(EventStream::new());
    let mut stops = Stops(signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    terminal.mouse(app.mouse)?;
    performer.connect();
    let (mut dirty, mut next_frame) = (true, Instant::now());
    while !app.quit && !terminal::panicked() {
        let message = tokio::select! {
            event = next_key(&mut keys) => match event {
                Some(Ok(event)) => from_terminal(event),
                // The terminal is gone: nobody is left to show anything to.
                Some(Err(_)) | None => return Ok(()),
            },
            Some((generation, message)) = receiver.recv() => {
                performer.is_current(generation).then_some(message)
            }
            _ = second.tick() => {
                if look.is_spoken && app.now == clock() {
                    continue;
                }
                Some(Message::Tick(clock()))
            }
            () = stops.next() => return Ok(()),
            () = sleep_until(next_frame), if dirty => {
                terminal.draw(|frame| {
                    screens::draw(frame, app, theme);
                    if let Some(cursor) = look.finish(frame.buffer_mut())
                        && app.modal.is_none()
                    {
                        frame.set_cursor_position(cursor);
                    }
                })?;
                dirty = false;
                next_frame = Instant::now() + FRAME;
                continue;
            }
        };
        dirty = true;
        if let Some(message) = message {
            // Keys are judged by the time they are pressed at, not by the last full second.
            app.now = clock();
            let was_loaded = app.loaded;
            for effect in update::update(app, message) {
                if effect == crate::effect::Effect::Suspend {
                    terminal.suspend()?;
                    keys = Some(EventStream::new());
                } else if let crate::effect::Effect::Mouse(ours) = effect {
                    terminal.mouse(ours)?;
                } else if let crate::effect::Effect::OpenEditor(draft, line) = effect {
                    // Two who read the same keyboard would each get half of what is typed.
                    drop(keys.take());
                    let edited = terminal.aside(|| edited(draft, line))?;
                    keys = Some(EventStream::new());
                    match edited {
                        Ok(draft) => performer.perform(crate::effect::Effect::PlanPolicy(draft)),
                        Err(text) => drop(update::update(app, Message::EditFailed(text))),
                    }
                } else if let crate::effect::Effect::WriteText(text) = effect {
                    drop(keys.take());
                    let written = terminal.aside(|| crate::edit::text(&text))?;
                    keys = Some(EventStream::new());
                    let message = match written {
                        Ok(text) => Message::Written(text),
                        Err(error) => Message::EditFailed(error.to_string()),
                    };
                    drop(update::update(app, message));
                } else {
                    performer.perform(effect);
                }
            }
            if app.loaded && !was_loaded {
                // What one waits for is not held up by the frame that had nothing.
                next_frame = Instant::now();
            }
        }
    }
    Ok(())
}

/// The text as the editor left it.
fn edited(mut draft: crate::policy::Draft, line: usize) -> Result<crate::policy::Draft, String> {
    let file = Path::new(&draft.file);
    crate::edit::run(file, line).map_err(|error| error.to_string())?;
    draft.document = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", draft.file))?;
    Ok(draft)
}

/// The next key, while the keyboard is ours.
async fn next_key(keys: &mut Option<EventStream>) -> Option<std::io::Result<TerminalEvent>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

fn from_terminal(event: TerminalEvent) -> Option<Message> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
        TerminalEvent::Mouse(event) => Some(Message::Mouse(event)),
        TerminalEvent::Paste(text) => Some(Message::Paste(text)),
        _ => None,
    }
}
