// The pen of the drawing page as the recorder wants it: in grid units of the drawing's paper.

const { DEFAULT_WIDTH, unitOf } = require('./geometry')
const { readSteady } = require('./steady')
const { ERASER_FACTOR } = require('./theme')

/**
 * The longest path in one-stroke mode, grid units: the server's limit counts in paper widths.
 * @param {{ width: number }} paper @param {{ one_stroke_length: number }} limits
 */
function oneStrokeLength(paper, limits) {
  return (limits.one_stroke_length * paper.width) / DEFAULT_WIDTH
}

/**
 * @param {any} wx
 * @param {{ tool: import('./recorder').Pen['tool'], color: string, width: number, mode: string }} chosen `width` in
 *   units of the default grid
 * @param {{ width: number }} paper @param {{ one_stroke_length: number }} limits
 * @returns {import('./recorder').Pen}
 */
function penOn(wx, { tool, color, width, mode }, paper, limits) {
  const units = width * (tool === 'eraser' ? ERASER_FACTOR : 1)
  return {
    tool,
    color,
    width: Math.round(units * unitOf(paper)),
    length: mode === 'one_stroke' ? oneStrokeLength(paper, limits) : undefined,
    steady: readSteady(wx),
    // The one stroke may well begin with a rest.
    holds: mode === 'free',
  }
}

module.exports = { oneStrokeLength, penOn }
