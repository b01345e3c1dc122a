//! The intake as the readers of platforms see it.

use std::sync::Arc;

use crate::adapters::inbound::Inbound;
use crate::adapters::wecom::inlet::{BoxFuture, Inlet, Refused, Taken};
use crate::app::intake::{Answer, Intake};
use crate::ports::Mark;

impl Inlet for Intake {
    fn submit(&self, events: Vec<Inbound>, mark: Option<Mark>) -> BoxFuture<'_, Result<Taken, Refused>> {
        Box::pin(async move {
            let answered = match mark {
                Some(mark) => self.submit_marked(events, mark),
                None => Intake::submit(self, events),
            };
            match answered.map_err(|_| Refused::Busy)?.await {
                Ok(Answer::Durable { accepted, duplicates }) => Ok(Taken { accepted, duplicates }),
                Ok(Answer::Unavailable { reason }) => Err(Refused::Unwritten(reason)),
                Ok(Answer::Displaced) => Err(Refused::Busy),
                Err(_) => Err(Refused::Busy), // it stops, and nobody is left to answer
            }
        })
    }

    fn mark(&self, source: &Arc<str>) -> BoxFuture<'_, Result<Option<String>, Refused>> {
        let source = source.clone();
        Box::pin(async move {
            let asked = Intake::mark(self, source).map_err(|_| Refused::Busy)?;
            asked.await.map_err(|_| Refused::Unwritten("how far it was read cannot be read from the store".to_owned()))
        })
    }
}
