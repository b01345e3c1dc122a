//! `kill -9` at any moment: nothing answered is lost, nothing is judged or counted twice, nothing confirmed is sent again.
//!
//! `QUNWEI_SOAK_KILLS` says how often, `QUNWEI_SOAK_SEED` repeats a run's moments.

use crate::soak::{Scene, number, seed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_done_twice() {
    soak(true, 20).await;
}

/// A bot that would do a repeated id again: what may have happened is never repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_repeated_where_a_repeated_id_is_not_dropped() {
    soak(false, 10).await;
}

async fn soak(idempotent: bool, kills: u64) {
    let (asked, seed) = (number("QUNWEI_SOAK_KILLS"), seed());
    let kills = asked.unwrap_or(kills);
    println!("QUNWEI_SOAK_SEED={seed} QUNWEI_SOAK_KILLS={kills}");
    let mut scene = Scene::new(seed, idempotent).await;
    for _ in 0..kills {
        let daemon = scene.home.start().await;
        scene.load.aim(Some(daemon.listen));
        scene.random_moment().await;
        daemon.kill();
        scene.load.aim(None);
        scene.remember_what_is_done();
    }
    scene.end(asked.is_some()).await;
}
