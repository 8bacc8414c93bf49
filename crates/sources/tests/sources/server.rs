//! A server on a free port of this machine, whose answers a test writes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;
use winsight_sources::http::{Breaker, Limits, TestPace};
use winsight_sources::{Description, Next, Page, Source, Surroundings};

/// A request as the server got it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What it answers: status, further headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

pub(crate) fn json(value: &Value) -> Answer {
    (200, vec![("content-type", "application/json".to_owned())], value.to_string())
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    /// Answers given before anything else, in their order.
    pub(crate) faults: Arc<Mutex<VecDeque<Answer>>>,
}

impl Server {
    pub(crate) async fn start(
        answer: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let faults: Arc<Mutex<VecDeque<Answer>>> = Arc::default();
        let (record, before) = (Arc::clone(&asked), Arc::clone(&faults));
        let handle = move |request: Request| {
            let (answer, record, before) =
                (answer.clone(), Arc::clone(&record), Arc::clone(&before));
            async move {
                let asked = read(request).await;
                record.lock().unwrap().push(asked.clone());
                let fault = before.lock().unwrap().pop_front();
                let (status, headers, body) = fault.unwrap_or_else(|| answer(&asked));
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).expect("an answer")
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { url, asked, faults }
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Answer>) {
        self.faults.lock().unwrap().extend(faults);
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path.contains(path)).count()
    }
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query).into_owned().collect(),
        authorization: header.unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// Time that costs nothing, and no pauses between requests.
pub(crate) fn surroundings() -> Surroundings {
    let noon: Timestamp = "2024-06-30T12:00:00Z".parse().expect("an instant");
    Surroundings {
        pace: Arc::new(TestPace::new(noon)),
        seed: 1,
        breaker: Breaker::default(),
        limits: Some(Limits { per_second: 1_000.0, burst: 1_000, ..Limits::default() }),
        is_awaited: false,
        fields: Vec::new(),
    }
}

/// Reads until the end; returns the pages and the cursor.
pub(crate) async fn read_all(
    source: &dyn Source,
    description: &Description,
    since: Option<&winsight_sources::Cursor>,
) -> (Vec<Page>, winsight_sources::Cursor) {
    let mut position = source.begin(since, description);
    let mut pages = Vec::new();
    loop {
        let page = source.read(&position, description).await.expect("a page");
        let next = page.next.clone();
        pages.push(page);
        match next {
            Next::Page(next) => position = next,
            Next::End(cursor) => return (pages, cursor),
        }
    }
}

/// The deals that pages hold.
pub(crate) fn deals(pages: &[Page]) -> BTreeSet<String> {
    pages.iter().flat_map(|page| &page.deals.rows).map(|row| row.deal.clone()).collect()
}
