//! Query strings.

use actix_web::{HttpRequest, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// The query of a list that has a page size of its own.
#[derive(Deserialize)]
pub(crate) struct PageQuery {
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Deserializes the query string; failures become problem+json without the parser's words.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = web::Query::<T>::from_query(request.query_string());
    query.map(web::Query::into_inner).map_err(|_| {
        Problem::new(Code::InvalidValue).detail("a parameter of the query is not as it should be")
    })
}
