//! The pages. Every text of a user is escaped by the templates and isolated from the direction of its
//! surroundings.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};
use yibi_common::sharing::Reason;

use super::Hidden;
use super::assets::{ICON, SCRIPT, STYLE};
use crate::service::shares::PublicShare;

/// Policy of the page: its own style, script, pictures and form, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Name of an author whose nickname did not pass, or who has none.
const NAMELESS: &str = "一位画友";
const UNTITLED: &str = "无题";
/// Longer side of the page's picture, in pixels.
const PICTURE: u32 = 1080;
const TIME_ZONE: &str = "Asia/Shanghai";

/// An HTML reply.
pub(super) fn reply(status: StatusCode, caching: &'static str, page: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static(caching)))
        .insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)))
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

/// The page of a share.
pub(super) fn share(public: &PublicShare, url: &str, has_code: bool) -> Markup {
    let code = public.shown.share.code.as_str();
    let title = if public.title.is_empty() { UNTITLED } else { &public.title };
    let author = public.author.nickname.as_deref().unwrap_or(NAMELESS);
    let strokes = public.head.strokes;
    let description = format!("《{title}》，{author}画，共 {strokes} 笔");
    let (width, height) = size(public);
    let image = format!("{code}.png?size={PICTURE}");
    let meta = html! {
        meta name="description" content=(description);
        meta property="og:type" content="article";
        meta property="og:title" content=(title);
        meta property="og:description" content=(description);
        meta property="og:site_name" content="一笔到底";
        meta property="og:url" content=(url);
        meta property="og:image" content={ (url) ".png?size=" (PICTURE) };
        meta property="og:image:type" content="image/png";
        meta property="og:image:width" content=(width);
        meta property="og:image:height" content=(height);
        meta property="og:image:alt" content=(description);
        meta name="twitter:card" content="summary_large_image";
        meta name="twitter:title" content=(title);
        meta name="twitter:description" content=(description);
        meta name="twitter:image" content={ (url) ".png?size=" (PICTURE) };
        meta name="twitter:image:alt" content=(description);
    };
    let body = html! {
        img.picture src=(image) width=(width) height=(height) alt=(description);
        main {
            h1 { bdi { (title) } }
            p.by { bdi { (author) } " · " time datetime=(public.head.drawn_at) { (date(public)) } " · " (strokes) " 笔" }
            p.link {
                input #link type="text" value=(url) readonly aria-label="链接";
                button #copy type="button" hidden { "复制链接" }
            }
            details.replay {
                summary { "看它怎么画出来" }
                img src={ (code) ".gif" } loading="lazy" alt={ "《" (title) "》的作画过程" };
            }
            @if has_code {
                p.code {
                    img src={ (code) "/code.png" } width="120" height="120" alt="小程序码";
                    "长按或扫码，也来画一笔"
                }
            }
            p.forms {
                a href={ (code) ".svg" } { "矢量图" } " "
                a href={ (code) ".png?size=2048" } { "大图" } " "
                a href={ (code) ".gif?size=sticker" } { "表情" }
            }
            (report_form(code))
        }
    };
    document("", &format!("《{title}》· {author}"), &meta, &body)
}

fn report_form(code: &str) -> Markup {
    html! {
        details.report {
            summary { "举报" }
            form method="post" action={ (code) "/report" } {
                fieldset {
                    legend { "这幅画有什么问题？" }
                    @for reason in Reason::ALL {
                        label { input type="radio" name="reason" value=(reason.number()) required; " " (words(reason)) }
                    }
                }
                label { "补充说明（可不填）" textarea name="note" maxlength="200" rows="3" {} }
                button type="submit" { "提交举报" }
            }
        }
    }
}

/// The page of a share that the public does not see.
pub(super) fn hidden(root: &str, hidden: &Hidden) -> Markup {
    let (title, text) = match hidden {
        Hidden::Checking => ("正在确认", "正在确认，通过后自动播放"),
        Hidden::Gone => ("已收回", "这幅画已收回"),
        Hidden::Absent(_) => ("没有这幅画", "这里没有画，链接可能不完整"),
    };
    let meta = html! { @if matches!(hidden, Hidden::Checking) { meta http-equiv="refresh" content="5"; } };
    let body = html! { main.notice { h1 { (text) } } };
    document(root, title, &meta, &body)
}

/// The page after a report.
pub(super) fn reported(code: &str) -> Markup {
    let body = html! {
        main.notice {
            h1 { "举报已收到" }
            p { "我们会尽快核实处理。" }
            p { a href={ "../" (code) } { "回到这幅画" } }
        }
    };
    document("../", "举报已收到", &html! {}, &body)
}

/// The page after a report that was not taken.
pub(super) fn refused(code: &str, reason: &str) -> Markup {
    let body = html! {
        main.notice {
            h1 { "举报没有提交" }
            p { (reason) }
            p { a href={ "../" (code) } { "回到这幅画" } }
        }
    };
    document("../", "举报没有提交", &html! {}, &body)
}

/// A page; `root` leads from its address to the folder of the assets.
fn document(root: &str, title: &str, meta: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) " · 一笔到底" }
                (meta)
                link rel="icon" type="image/svg+xml" href={ (root) "-/" (ICON.name) };
                link rel="stylesheet" href={ (root) "-/" (STYLE.name) };
                script src={ (root) "-/" (SCRIPT.name) } defer {}
            }
            body { (body) }
        }
    }
}

/// The picture's size in pixels.
fn size(public: &PublicShare) -> (u32, u32) {
    let paper = public.head.paper;
    let longer = paper.width.max(paper.height).max(1);
    let scaled = |side: u32| (side.saturating_mul(PICTURE) / longer).max(1);
    (scaled(paper.width), scaled(paper.height))
}

/// The day in China on which the drawing was begun.
fn date(public: &PublicShare) -> String {
    let moment = jiff::Timestamp::from_microsecond(public.head.drawn_at.0).unwrap_or_default();
    let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::fixed(jiff::tz::offset(8)));
    moment.to_zoned(zone).strftime("%Y年%-m月%-d日").to_string()
}

/// The name of a reason.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Sexual => "色情低俗",
        Reason::Unlawful => "违法",
        Reason::Abuse => "辱骂",
        Reason::Advertising => "广告",
        Reason::Infringement => "侵权",
        Reason::Other => "其他",
    }
}
