//! The page that a person reads after a run: what came, what changed, who won, why, what serves.
//!
//! [`load`] reads the evidence, [`page`] renders it: one HTML document that stands by itself, with no script
//! and nothing fetched, in light and dark and on paper. A run may end anywhere; what it did not reach the
//! page says.

mod data;
mod drift;
mod evidence;
mod groups;
mod headline;
mod html;
mod labels;
mod models;
mod picture;
mod serving;
mod sources;
mod timeline;
mod trial;
mod words;

#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Unreadable, load};

use html::Html;

const STYLE: &str = include_str!("style.css");

/// A section's title, and what renders it.
type Section = (&'static str, fn(&Evidence) -> Html);

/// The report of a run, a whole HTML document. The same evidence gives the same page.
pub fn page(evidence: &Evidence) -> String {
    let mut page = Html::default();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Should anything ever slip through the escaping, a browser still runs and fetches nothing.
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.raw("style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>").text(&evidence.model);
    page.raw(" run ").text(evidence.generation).raw(": ").text(headline::clause(evidence));
    page.raw("</title>\n<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    page.add(&headline::render(evidence)).raw("<main>\n");
    let sections: [Section; 6] = [
        ("How far it came", timeline::render),
        ("The data", data::render),
        ("Drift", drift::render),
        ("The models", models::render),
        ("The release", serving::render),
        ("The evidence", sources::render),
    ];
    for (title, render) in sections {
        page.raw("<section>\n<h2>").raw(title).raw("</h2>\n").add(&render(evidence)).raw("</section>\n");
    }
    page.raw("</main>\n</body>\n</html>\n");
    page.into_string()
}
