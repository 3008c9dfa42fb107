// Paints a whole picture into one canvas, for the album.

const { paint, unitOf } = require('./geometry')

/** The server's largest picture, pixels of the longer side. */
const MAX_SIZE = 2048

/** @typedef {import('./drawing').Picture} Picture */

/**
 * The longer side of a picture of the given width, which the server calls the picture's size.
 * @param {{ width: number, height: number }} paper grid units
 * @param {number} width pixels
 */
function longerSide(paper, width) {
  return Math.min(MAX_SIZE, Math.round((width * Math.max(paper.width, paper.height)) / paper.width))
}

/**
 * Paints a whole picture, its background too, as the server does.
 * @param {any} canvas the result; its size is set here
 * @param {any} layer an off-screen canvas for the strokes
 * @param {Picture} picture
 * @param {{ width: number, height: number }} paper grid units
 * @param {number} size pixels of the longer side
 */
function paintWhole(canvas, layer, picture, paper, size) {
  const k = size / Math.max(paper.width, paper.height)
  const width = Math.max(1, Math.round(paper.width * k))
  const height = Math.max(1, Math.round(paper.height * k))
  for (const each of [canvas, layer]) {
    each.width = width
    each.height = height
  }
  const strokes = layer.getContext('2d')
  strokes.setTransform(k, 0, 0, k, 0, 0)
  for (const stroke of picture.strokes) paint(strokes, /** @type {any} */ (stroke), unitOf(paper))
  const context = canvas.getContext('2d')
  context.fillStyle = picture.background
  context.fillRect(0, 0, width, height)
  context.drawImage(layer, 0, 0)
}

module.exports = { longerSide, paintWhole }
