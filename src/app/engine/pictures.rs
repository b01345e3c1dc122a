//! Which pictures of a message that was judged are to be read. It is written with the message, so that a crash forgets none.

use std::sync::Arc;

use super::{Engine, Tally};
use crate::adapters::pictures::{Unread, admit};
use crate::domain::change::Change;
use crate::domain::event::Event;
use crate::domain::picture::wanted;
use crate::domain::policy::Mode;
use crate::domain::time::Timestamp;
use crate::ports::Unit;

impl Engine {
    pub(super) fn want_pictures(&mut self, event: &Event, now: Timestamp, unit: &mut Unit) {
        let Some(plan) = &self.core.settings.pictures else { return };
        if self.core.settings.policy(&event.group).mode == Mode::Off {
            return;
        }
        for picture in wanted(event, now) {
            match admit(plan, &picture.url) {
                Ok(_) => unit.changes.push(Change::PictureWanted(Arc::new(picture))),
                Err(refused) => self.batch.tally.push(Tally::Picture(Unread::Refused(refused))),
            }
        }
    }
}
