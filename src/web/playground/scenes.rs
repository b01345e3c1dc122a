//! Prepared scenes: who says what, and how much time goes by. One is played at a time, in a fresh group, at a pace that can be
//! followed; it can be stopped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::doing::perform;
use super::turning::Turning;
use crate::adapters::playground::{Deed, Kind, Playground};
use crate::app::intake::Intake;

/// How long a step is looked at when nothing else is asked for.
const PACE: Duration = Duration::from_millis(1400);
/// The longest a step is looked at.
const SLOWEST: Duration = Duration::from_secs(60);

/// The scenes that are carried in the binary, in the order of their buttons.
static SCENES: &[(&str, &str)] = &[
    ("ladder", include_str!("../../../scenes/playground/ladder.toml")),
    ("raid", include_str!("../../../scenes/playground/raid.toml")),
    ("undone", include_str!("../../../scenes/playground/undone.toml")),
];

/// A scene.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// What its button says, in Chinese and English.
    pub title: Words,
    /// What it shows.
    pub about: Words,
    step: Vec<Step>,
}

/// A text in both languages of the page.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// One step of a scene. People are named by what they are called in the group; `{case}` is the number of the last case.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// A word to whoever watches.
    Tell { zh: String, en: String },
    /// Somebody speaks in the group.
    Say { by: String, text: String },
    /// Somebody answers the bot's last notice about a case.
    Answer { by: String, text: String },
    /// Somebody writes to the bot alone.
    Whisper { by: String, text: String },
    /// People come in.
    Join { names: Vec<String>, by: Option<String> },
    /// Time goes by.
    Forward {
        minutes: u64,
        #[serde(default)]
        seconds: u64,
    },
}

/// What the page shows of the scene that is played.
#[derive(Serialize)]
struct Shown<'a> {
    name: Option<&'a str>,
    step: usize,
    steps: usize,
}

/// Reads all scenes.
///
/// # Errors
/// One is not written as it must be, and how.
pub fn read() -> Result<Vec<(&'static str, Scene)>, String> {
    let scene = |(name, text): &(&'static str, &str)| match toml::from_str(text) {
        Ok(scene) => Ok((*name, scene)),
        Err(error) => Err(format!("scene {name}: {error}")),
    };
    SCENES.iter().map(scene).collect()
}

/// Plays scenes.
#[derive(Clone)]
pub struct Player {
    shared: Arc<Shared>,
}

struct Shared {
    scenes: Vec<(&'static str, Scene)>,
    playground: Playground,
    intake: Intake,
    turning: Turning,
    last_case: Arc<AtomicU64>,
    playing: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
}

impl Player {
    /// Plays these scenes here.
    pub fn new(
        scenes: Vec<(&'static str, Scene)>,
        playground: Playground,
        intake: Intake,
        turning: Turning,
        last_case: Arc<AtomicU64>,
    ) -> Self {
        let playing = Mutex::new(None);
        Self { shared: Arc::new(Shared { scenes, playground, intake, turning, last_case, playing }) }
    }

    /// The scenes there are.
    pub fn scenes(&self) -> &[(&'static str, Scene)] {
        &self.shared.scenes
    }

    /// Begins a scene in a fresh group, in place of the one that is played; `false` when there is none of this name.
    pub fn play(&self, name: &str, pace: Option<Duration>) -> bool {
        let Some((name, scene)) = self.shared.scenes.iter().find(|(known, _)| *known == name) else { return false };
        let (name, steps) = (*name, scene.step.clone());
        let (stop, player) = (CancellationToken::new(), self.clone());
        let pace = pace.unwrap_or(PACE).min(SLOWEST);
        let stopped = stop.clone();
        let mut playing = self.shared.playing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = playing.take();
        let task = tokio::spawn(async move {
            if let Some((stop, task)) = before {
                stop.cancel();
                task.await.ok(); // a scene that panicked is over, too
            }
            player.begin_again(None);
            player.run(name, &steps, pace, &stopped).await;
            player.shared.show(None, 0, 0);
        });
        *playing = Some((stop, task));
        true
    }

    /// Stops the scene that is played, after its step.
    pub async fn stop(&self) {
        let playing = self.shared.playing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, task)) = playing {
            stop.cancel();
            task.await.ok(); // a scene that panicked is over, too
        }
    }

    /// A fresh group, on another kind of platform if one is named.
    pub fn begin_again(&self, kind: Option<Kind>) {
        self.shared.playground.begin_again(kind);
        self.shared.playground.show("platform", "platform", &self.shared.playground.kind());
        self.shared.turning.show();
        self.shared.show(None, 0, 0);
    }

    async fn run(&self, name: &str, steps: &[Step], pace: Duration, stop: &CancellationToken) {
        for (at, step) in steps.iter().enumerate() {
            self.shared.show(Some(name), at + 1, steps.len());
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pace) => {}
            }
            self.shared.step(step).await;
            self.shared.turning.rest().await;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pace) => {}
        }
    }
}

impl Shared {
    fn show(&self, name: Option<&str>, step: usize, steps: usize) {
        self.playground.show("scene", "scene", &Shown { name, step, steps });
    }

    async fn step(&self, step: &Step) {
        let deed = match step.clone() {
            Step::Tell { zh, en } => return self.playground.tell(&Words { zh, en }),
            Step::Forward { minutes, seconds } => {
                return self.turning.forward(Duration::from_secs(minutes * 60 + seconds)).await;
            }
            Step::Say { by, text } => Deed::Say { user: self.user(&by), text: self.filled(&text), quote: None },
            Step::Answer { by, text } => {
                let quote = self.playground.last_notice();
                Deed::Say { user: self.user(&by), text: self.filled(&text), quote }
            }
            Step::Whisper { by, text } => Deed::Whisper { user: self.user(&by), text: self.filled(&text) },
            Step::Join { names, by } => Deed::Join { names, inviter: by.map(|by| self.user(&by)) },
        };
        // Who is muted or removed cannot speak: the scene goes on, as life does.
        if perform(&self.playground, &self.intake, self.turning.now(), &deed).await.is_err() {
            tracing::debug!("a step of the scene was refused");
        }
    }

    fn user(&self, name: &str) -> String {
        self.playground.id_of(name).unwrap_or_default()
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{case}", &self.last_case.load(Ordering::SeqCst).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_can_be_read_and_names_people_who_are_there() {
        use crate::adapters::playground::people::FIRST;
        for (name, scene) in read().unwrap() {
            let mut there: Vec<String> = FIRST.iter().map(|(_, name, _)| (*name).to_owned()).collect();
            for step in &scene.step {
                match step {
                    Step::Join { names, by } => {
                        assert!(by.as_ref().is_none_or(|by| there.contains(by)), "{name}: {by:?}");
                        there.extend(names.iter().cloned());
                    }
                    Step::Say { by, .. } | Step::Answer { by, .. } | Step::Whisper { by, .. } => {
                        assert!(there.contains(by), "{name}: {by}");
                    }
                    Step::Tell { .. } | Step::Forward { .. } => {}
                }
            }
            assert!(scene.step.len() > 3, "{name}");
        }
    }
}
