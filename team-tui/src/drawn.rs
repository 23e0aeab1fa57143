//! Where things were last drawn: what the mouse points at.

use crate::app::Screen;
use ratatui::layout::{Position, Rect};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something that can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The tab of a screen.
    Tab(Screen),
    /// A row of the list, from 0.
    Row(usize),
}

/// Noted by the view, which has the app only to read.
#[derive(Debug, Default)]
pub(crate) struct Drawn(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    tabs: Vec<(Rect, Screen)>,
    /// Its heading and rows, and the number of the first one.
    list: Option<(Rect, usize)>,
}

impl Drawn {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new frame begins.
    pub(crate) fn clear(&self) {
        *self.places() = Places::default();
    }

    pub(crate) fn tab_is(&self, area: Rect, screen: Screen) {
        self.places().tabs.push((area, screen));
    }

    /// The list has this area, the first line of which is its heading.
    pub(crate) fn list_is(&self, area: Rect, first: usize) {
        self.places().list = Some((area, first));
    }

    /// What is there, if it can be pointed at.
    pub(crate) fn at(&self, position: Position) -> Option<Target> {
        let places = self.places();
        let tab = places.tabs.iter().find(|(area, _)| area.contains(position));
        if let Some((_, screen)) = tab {
            return Some(Target::Tab(*screen));
        }
        let (area, first) = places.list?;
        let is_row = area.contains(position) && position.y > area.y;
        is_row.then(|| Target::Row(first + usize::from(position.y - area.y - 1)))
    }
}
