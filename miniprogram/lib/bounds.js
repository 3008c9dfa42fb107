// The part of the paper that a stroke can cover, so that strokes outside the view are not painted.

/**
 * @typedef {import('./drawing').Stroke} Stroke
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Box grid units
 */

/** @type {WeakMap<Stroke, Box>} */
const boxes = new WeakMap()

/** @param {Stroke} stroke @returns {Box} a box that contains all of its ink */
function boxOf(stroke) {
  const known = boxes.get(stroke)
  if (known) return known
  const { points } = stroke
  let [x, y] = points
  const box = { left: x, top: y, right: x, bottom: y }
  for (let i = 3; i < points.length; i += 3) {
    x += points[i]
    y += points[i + 1]
    if (x < box.left) box.left = x
    else if (x > box.right) box.right = x
    if (y < box.top) box.top = y
    else if (y > box.bottom) box.bottom = y
  }
  // Ink at rest is a little wider than its width.
  const reach = stroke.width
  const covered = { left: box.left - reach, top: box.top - reach, right: box.right + reach, bottom: box.bottom + reach }
  boxes.set(stroke, covered)
  return covered
}

/** @param {Stroke} stroke @param {Box} area */
function touches(stroke, area) {
  const box = boxOf(stroke)
  return box.left < area.right && box.right > area.left && box.top < area.bottom && box.bottom > area.top
}

module.exports = { boxOf, touches }
