//! Where things were last drawn: what the mouse points at.

use crate::app::Screen;
use ratatui::layout::{Position, Rect};
use std::collections::BTreeSet;
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
    /// Of what was left behind, in the dialog: the first one that is there, and how many are wholly there.
    left: (usize, usize),
    /// Those that have been there at any time.
    seen: BTreeSet<usize>,
}

impl Drawn {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new frame begins.
    pub(crate) fn clear(&self) {
        let mut places = self.places();
        *places = Places {
            left: places.left,
            seen: std::mem::take(&mut places.seen),
            ..Places::default()
        };
    }

    pub(crate) fn tab_is(&self, area: Rect, screen: Screen) {
        self.places().tabs.push((area, screen));
    }

    /// The list has this area, the first line of which is its heading.
    pub(crate) fn list_is(&self, area: Rect, first: usize) {
        self.places().list = Some((area, first));
    }

    /// So many of what was left behind are in sight, from this one on.
    pub(crate) fn left_is(&self, first: usize, count: usize) {
        let mut places = self.places();
        places.left = (first, count);
        places.seen.extend(first..first + count);
    }

    /// The first of them that is in sight, and how many are.
    pub(crate) fn left(&self) -> (usize, usize) {
        self.places().left
    }

    /// How many of them have never been in sight.
    pub(crate) fn unseen(&self, all: usize) -> usize {
        let places = self.places();
        (0..all).filter(|at| !places.seen.contains(at)).count()
    }

    /// Others are shown from here on.
    pub(crate) fn forget_left(&self) {
        let mut places = self.places();
        (places.left, places.seen) = ((0, 0), BTreeSet::new());
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
