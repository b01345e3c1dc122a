//! The playground's page: a group chat in which one person speaks as any member, and what the daemon makes of it.
//!
//! Everything comes from the binary. A page learns what happens from one stream ([`feed`]) and does things by small requests
//! ([`doing`]); [`guard`] keeps other pages and other machines out.

mod doing;
pub mod editor;
mod feed;
pub mod guard;
mod page;
pub mod scenes;
pub mod turning;
pub mod witness;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

pub use self::doing::{Trouble, hand_in};
use self::editor::Editor;
use self::guard::Guard;
use self::scenes::Player;
use self::turning::Turning;
use crate::adapters::playground::Playground;
use crate::app::intake::Intake;

/// What the page needs.
pub struct PlaygroundState {
    /// The group.
    pub playground: Playground,
    /// Where what people do goes.
    pub intake: Intake,
    /// The clock and who turns it.
    pub turning: Turning,
    /// The scenes.
    pub player: Player,
    /// The configuration.
    pub editor: Editor,
    /// Who may come in.
    pub guard: Guard,
    /// The name of the group's time zone, for the page's clocks.
    pub zone: String,
    /// The streams end with the daemon.
    pub stop: CancellationToken,
}

/// The page, its stream, and what it may do.
pub fn router(state: Arc<PlaygroundState>) -> Router {
    Router::new()
        .route("/", get(page::chinese))
        .route("/en", get(page::english))
        .route("/style.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/login.js", get(page::login_script))
        .route("/login", post(guard::login))
        .route("/api/feed", get(feed::feed))
        .route("/api/{what}", post(doing::answer))
        .layer(from_fn_with_state(state.clone(), guard::check))
        .with_state(state)
}
