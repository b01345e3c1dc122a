//! Requests as bots and WeCom make them, answered by the daemon's own pages without a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::domain::time::Timestamp;
use qunwei::web::wecom::{self, WecomState};

use super::people::{Parcel, Way};
use crate::fake_wecom::Sealed;
use crate::support::SECRET;

/// What a request will be answered: the status and the body.
pub type Answering = Pin<Box<dyn Future<Output = (u16, Bytes)>>>;

/// The ways in.
pub struct Pages {
    bridges: TowerToHyperService<Router>,
    callbacks: Arc<WecomState>,
}

impl Pages {
    pub fn new(bridges: Router, callbacks: Arc<WecomState>) -> Self {
        Self { bridges: TowerToHyperService::new(bridges), callbacks }
    }

    /// Makes a request; `id` is its number among all requests of a run.
    pub fn ask(&self, parcel: &Parcel, id: u64, now: Timestamp) -> Answering {
        match &parcel.way {
            Way::Bridge => {
                let (body, id) = (parcel.body(), format!("w-{id}"));
                let signature = sign(&Secret::parse(SECRET).unwrap(), &id, now, body.as_bytes());
                let request = Request::post(format!("/hooks/bridge/{}", parcel.platform))
                    .header("webhook-id", id)
                    .header("webhook-timestamp", header_seconds(now))
                    .header("webhook-signature", signature)
                    .body(Body::from(body));
                let answer = self.bridges.call(request.unwrap());
                Box::pin(async move { read(answer.await.unwrap()).await })
            }
            Way::Callback { door, sealed, .. } => {
                let Sealed { query, body, kind } = sealed.clone().expect("it is sealed before it is sent");
                let request = Request::post(format!("{}?{query}", door.address().url)).header("content-type", kind);
                let request = request.body(Body::from(body)).unwrap();
                let callbacks = self.callbacks.clone();
                Box::pin(async move { read(wecom::answer(&callbacks, request).await).await })
            }
        }
    }
}

async fn read(response: Response<Body>) -> (u16, Bytes) {
    let status = response.status().as_u16();
    (status, axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap())
}
