// The cards of the gallery: the server's list, with the phone's own drawings in front, in columns.

const { dateWords, drawingWords, stateWords } = require('../../lib/words')

/** CSS px of a column, about. */
const COLUMN = 186
/** The part of a card below its picture, in percent of its width, about. */
const CAPTION = 22

/**
 * @typedef {object} Card
 * @property {string} id
 * @property {string} title empty where there is none
 * @property {string} date
 * @property {string} label for screen readers
 * @property {string} image
 * @property {number} ratio of height to width, percent
 * @property {boolean} oneStroke
 * @property {string} state what is to be said of its saving; empty where it is saved
 */

/** @param {number} width CSS px of the screen */
function columnCount(width) {
  return Math.max(2, Math.min(6, Math.round(width / COLUMN)))
}

/**
 * Columns of cards, each card to the shortest.
 * @param {Card[]} cards @param {number} count
 */
function flow(cards, count) {
  const columns = Array.from({ length: count }, (_, side) => ({ side, height: 0, cards: /** @type {Card[]} */ ([]) }))
  for (const card of cards) {
    const column = columns.reduce((a, b) => (b.height < a.height ? b : a))
    column.cards.push(card)
    column.height += card.ratio + CAPTION
  }
  return columns
}

/** @param {import('../../lib/api').Summary} summary @returns {Card} */
function savedCard(summary) {
  const { id, title, width, height, mode } = summary
  const date = dateWords(summary.updated_at, Date.now())
  return {
    id,
    title,
    date,
    label: drawingWords(summary, date),
    image: summary.image_url,
    ratio: (height / width) * 100,
    oneStroke: mode === 'one_stroke',
    state: '',
  }
}

/**
 * The card of a drawing as the phone has it.
 * @param {any} services @param {import('../../lib/drawing').Drawing} drawing @param {string} image its picture
 * @param {boolean} saved nothing of it is to be said
 * @returns {Card}
 */
function localCard({ journal, saver, studio }, drawing, image, saved) {
  const { id, title, width, height, mode } = drawing
  const { state } = saver.status(id)
  const date = dateWords(journal.updated(id) || Date.now(), Date.now())
  const words = saved ? '' : state === 'saved' ? '草稿' : stateWords(state, studio.isUnwritten(id))
  return {
    id,
    title,
    date,
    label: `${drawingWords(drawing, date)}${words && `，${words}`}`,
    image,
    ratio: (height / width) * 100,
    oneStroke: mode === 'one_stroke',
    state: words,
  }
}

/**
 * The list after its first page came anew. Later pages that are there already stay, so that the place one scrolled
 * to stays too.
 * @template {{ id: string, updated_at: string }} T
 * @param {T[]} page the first page @param {string | null} next where it ends
 * @param {T[]} known the list so far @param {string | null} end where that ended
 * @returns {{ drawings: T[], next: string | null }}
 */
function merge(page, next, known, end) {
  const last = page[page.length - 1]
  if (!next || !last) return { drawings: page, next }
  const fresh = new Set(page.map(({ id }) => id))
  const older = known.filter((drawing) => !fresh.has(drawing.id) && Date.parse(drawing.updated_at) <= Date.parse(last.updated_at))
  // Without a common drawing there may be a gap between the page and the list.
  const joined = known.some(({ id }) => id === last.id)
  return joined && older.length ? { drawings: [...page, ...older], next: end } : { drawings: page, next }
}

module.exports = { columnCount, flow, savedCard, localCard, merge }
