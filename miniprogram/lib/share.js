// Shares: their codes, the cards that lead to them, and the drawing that a share shows.

/** The one page that a card, a mini-program code and the timeline open. */
const PAGE = 'pages/share/share'
/** The cover of a card, in the package: WeChat otherwise takes a picture of the page, drawing included. */
const COVER = '/images/cover.jpg'
/** Crockford's base32 in lower case. */
const CODE = /^[0-9a-hjkmnp-tv-z]{12}$/

/**
 * @typedef {object} Share
 * @property {string} code
 * @property {'checking' | 'shown' | 'held' | 'removed' | 'revoked'} state
 * @property {number | null} shown_seq of the copy that others see
 * @property {number | null} checking_seq of the copy that is being checked
 * @property {number | null} reason of a removal or a refusal, 1 to 6
 * @property {string} url absolute
 * @property {string} created_at
 *
 * @typedef {object} Shown a share as everybody sees it
 * @property {string} code
 * @property {string} title empty where there is none, or none was passed
 * @property {{ id: string, nickname: string | null, avatar_url: string | null }} author null until they were passed
 * @property {number} width grid units
 * @property {number} height grid units
 * @property {string} background
 * @property {import('./drawing').StrokeAction[]} strokes
 */

/** The card of the app itself, without anything that a user made. */
function appCard() {
  return { title: '来画一笔', path: '/pages/draw/draw', imageUrl: COVER }
}

/**
 * The card that leads to a share.
 * @param {string} code
 * @param {string} picture its address; empty until the drawing was passed
 * @param {string} [title] only one that was passed
 */
function shareCard(code, picture, title) {
  return { title: title || '看看我画的这一幅', path: `/${PAGE}?code=${code}`, imageUrl: picture || COVER }
}

/**
 * Whether others can find the share, now or after its check.
 * @param {Share | null} share
 */
function isLive(share) {
  return Boolean(share && share.state !== 'removed' && share.state !== 'revoked')
}

/** Whether a check of the share is under way. @param {Share} share */
function isChecking({ state, checking_seq: seq }) {
  return state === 'checking' || (state === 'shown' && Boolean(seq))
}

/**
 * The code that a page was opened with: `code` of a card or the timeline, `scene` of a mini-program code.
 * @param {Record<string, string | undefined> | undefined} query
 * @returns {string} empty where there is none
 */
function codeOf(query = {}) {
  let code = query.code || query.scene || ''
  try {
    // Some devices hand the scene over decoded already; a code is the same either way.
    code = decodeURIComponent(code)
  } catch {
    return ''
  }
  return CODE.test(code) ? code : ''
}

/** What the player needs of a share. @param {Shown} shown @returns {import('./playback').Film} */
function filmOf({ width, height, background, strokes }) {
  return { width, height, background, actions: strokes.map((stroke) => ({ ...stroke, type: 'stroke' })) }
}

module.exports = { PAGE, COVER, appCard, codeOf, filmOf, isChecking, isLive, shareCard }
