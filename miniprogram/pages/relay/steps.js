// The row of a relay's strokes: who drew them, the next one, and those to come.

const { nameOf } = require('./room')

/** @typedef {{ avatar: string, initial: string, state: 'drawn' | 'next' | 'empty' }} Step one stroke of the relay */

/**
 * @param {import('./room').Person[]} authors of the visible strokes
 * @param {import('./room').RoomView} view
 * @returns {{ steps: Step[], small: boolean }} `small`: more strokes than there is room for with faces
 */
function progress(authors, { goal = 0, state }) {
  const all = state === 'done' ? authors.length : Math.max(goal, authors.length)
  const steps = Array.from({ length: all }, (_, i) => ({
    avatar: (authors[i] && authors[i].avatar_url) || '',
    initial: authors[i] && authors[i].nickname ? Array.from(nameOf(authors[i]))[0] : '',
    state: /** @type {Step['state']} */ (i < authors.length ? 'drawn' : (i === authors.length ? 'next' : 'empty')),
  }))
  return { steps, small: all > 10 }
}

module.exports = { progress }
