//! Reads the pictures that wait: a few at once, each fetched, looked at, and given to the operator's program.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::adapters::inbound;
use crate::adapters::pictures::{Clients, Unread, codes_in, text_in};
use crate::app::intake::{Intake, Job};
use crate::app::metrics::{Metrics, PictureEnd, TextEnd};
use crate::app::pictures::{LATEST, Pictures};
use crate::domain::picture::{PicturePlan, Read, TextCommand, Wanted};
use crate::ports::Clock;

/// What reads pictures.
pub(super) struct Reader {
    pub(super) pictures: Pictures,
    pub(super) intake: Intake,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) clients: Clients,
    /// Of pictures that may be unpacked at once: that is what takes memory.
    pub(super) unpacking: Semaphore,
}

impl Reader {
    /// Reads until told to stop. What is being read then is left, and read at the next start.
    pub(super) async fn run(self, stop: CancellationToken) {
        let reader = Arc::new(self);
        let mut under_way = JoinSet::new();
        loop {
            while let Some((url, plan)) = reader.pictures.next() {
                under_way.spawn(reader.clone().one(url, plan));
            }
            reader.metrics.pictures().waiting(reader.pictures.len());
            tokio::select! {
                () = stop.cancelled() => return,
                () = reader.pictures.news() => {}
                Some(_) = under_way.join_next() => {}
            }
        }
    }

    async fn one(self: Arc<Self>, url: Arc<str>, plan: Option<Arc<PicturePlan>>) {
        let now = self.clock.now();
        let late = self.pictures.asked(&url).is_some_and(|at| at.plus(LATEST) < now);
        let read = match (plan, self.pictures.known(&url, now)) {
            (None, _) => Err(PictureEnd::Off),
            _ if late => Err(PictureEnd::Late),
            (_, Some(known)) => Ok(known),
            (Some(plan), None) => self.read(&plan, &url).await.map(Arc::new).map_err(PictureEnd::from),
        };
        if let Ok(read) = &read {
            self.pictures.remember(&url, read.clone(), now);
        }
        loop {
            let wanted = self.pictures.take(&url);
            if wanted.is_empty() {
                return;
            }
            for one in wanted {
                self.tell(&one, read.as_deref().map_err(|end| *end));
            }
        }
    }

    async fn read(&self, plan: &PicturePlan, url: &str) -> Result<Read, Unread> {
        self.metrics.pictures().fetch();
        let bytes: Arc<[u8]> = self.clients.fetch(plan, url).await?.into();
        let Ok(turn) = self.unpacking.acquire().await else { return Err(Unread::Damaged) }; // nobody closes it
        let (picture, most) = (bytes.clone(), plan.most_pixels);
        let looked = tokio::task::spawn_blocking(move || codes_in(&picture, most)).await;
        let codes = looked.unwrap_or(Err(Unread::Damaged))?; // whatever makes a decoder fall is damaged
        drop(turn);
        let text = match &plan.text {
            Some(command) => self.text(command, &bytes).await,
            None => String::new(),
        };
        Ok(Read { codes, text })
    }

    async fn text(&self, command: &TextCommand, picture: &[u8]) -> String {
        let text = text_in(command, picture).await;
        self.metrics.pictures().text(match &text {
            Ok(text) if text.is_empty() => TextEnd::Nothing,
            Ok(_) => TextEnd::Read,
            Err(none) => TextEnd::from(*none),
        });
        if let Err(none) = &text {
            tracing::warn!(why = ?none, "the program of `text_command` read no text in a picture");
        }
        text.unwrap_or_default()
    }

    /// Hands in what was read, and that it need not be read any more.
    fn tell(&self, wanted: &Wanted, read: Result<&Read, PictureEnd>) {
        let told = read.map(|read| wanted.told(read));
        let end = match &told {
            Ok(Some(_)) => PictureEnd::Read,
            Ok(None) => PictureEnd::Nothing,
            Err(end) => *end,
        };
        self.metrics.pictures().picture(end);
        if !matches!(end, PictureEnd::Read | PictureEnd::Nothing) {
            tracing::info!(platform = &*wanted.platform, why = end.word(), "a picture was not read");
        }
        let event = told.ok().flatten().and_then(|json| inbound::one(&json, &wanted.platform, self.clock.now()).ok());
        self.intake.tell(Job::Picture { id: wanted.id.clone(), read: event.map(Box::new) });
    }
}
