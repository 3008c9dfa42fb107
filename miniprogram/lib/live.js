// Paints the stroke that is being drawn. Its settled pieces are kept on a buffer off the screen (`under`), so that
// each frame restores only the place of the tail, and paints the tail anew.

const { draw } = require('./geometry')
const { LIFT_WINDOW } = require('./geometry/ink')
const { Growing } = require('./growing')

/** Pixels around a tail that anti-aliasing may touch. */
const MARGIN = 2
/** The rings around an eraser: one shows on light paper, the other on dark. CSS px and colour. */
const RINGS = [{ width: 3, color: 'rgba(255, 255, 255, 0.8)' }, { width: 1, color: 'rgba(40, 36, 30, 0.8)' }]

/**
 * @typedef {import('./drawing').Stroke} Stroke
 * @typedef {import('./bounds').Box} Box
 * @typedef {{ context: any, canvas: any }} Layer
 * @typedef {{ scale: number, x: number, y: number, ratio: number, unit: number }} Frame the grid on a canvas: pixels
 *   per grid unit, the grid's corner in pixels, pixels per CSS px, and the paper's unit
 */

class Live {
  /**
   * @param {object} deps
   * @param {Layer} deps.live the canvas above the settled one
   * @param {Layer} deps.under a buffer of the same size
   * @param {Layer} deps.settled an eraser works on it
   * @param {Frame} deps.frame
   * @param {Stroke} deps.stroke
   */
  constructor({ live, under, settled, frame, stroke }) {
    this.live = live
    this.under = under
    this.settled = settled
    this.frame = frame
    this.stroke = stroke
    this.erases = stroke.tool === 'eraser'
    this.growing = new Growing(stroke, frame.unit)
    /** The part of the stroke's numbers that is painted. */
    this.numbers = 0
    /** The place of the tail on the screen, pixels. @type {{ x: number, y: number, width: number, height: number } | null} */
    this.painted = null
    /** Tails and pieces painted so far. */
    this.paints = 0
    clear(under)
  }

  /** @param {number} [upTo] of the stroke's numbers; all by default */
  extend(upTo = this.stroke.points.length) {
    this.numbers = upTo
    this.growing.read(upTo)
    if (this.erases) this.erase()
    else this.paint(0)
  }

  /** @returns {boolean} whether a longer rest changes the stroke @param {number} rested ms since the last point */
  rest(rested) {
    if (this.stroke.tool !== 'ink') return false
    this.paint(rested)
    return rested <= LIFT_WINDOW
  }

  /** @param {number} rested */
  paint(rested) {
    const { growing, live, under, stroke } = this
    // A replay may begin in the middle of a stroke: then a piece lies where no tail was before.
    const all = this.pixels(growing.box)
    const piece = growing.settle()
    if (piece) {
      this.draw(under, piece, stroke.color)
      this.painted = around(this.painted, all)
    }
    this.restore()
    this.draw(live, growing.tail(rested), stroke.color)
    this.painted = this.pixels(growing.box)
  }

  /** An eraser takes away on the settled canvas, up to half a step behind the finger; a ring shows its size. */
  erase() {
    const { growing, settled } = this
    const { knots } = growing
    const piece = knots.length === 1 ? growing.tail(0) : growing.settleAll()
    if (piece) {
      settled.context.globalCompositeOperation = 'destination-out'
      this.draw(settled, piece, '#000000')
      settled.context.globalCompositeOperation = 'source-over'
    }
    this.restore()
    const { x, y } = knots[knots.length - 1]
    const { context } = this.live
    const radius = growing.width / 2
    const scale = this.toUnits(context)
    for (const { width, color } of RINGS) {
      context.beginPath()
      context.arc(x, y, radius, 0, 2 * Math.PI)
      context.lineWidth = (width * this.frame.ratio) / scale
      context.strokeStyle = color
      context.stroke()
    }
    const reach = radius + (RINGS[0].width * this.frame.ratio) / scale
    this.painted = this.pixels({ left: x - reach, top: y - reach, right: x + reach, bottom: y + reach })
  }

  /** @param {Layer} layer @param {any} shape @param {string} color */
  draw({ context }, shape, color) {
    this.toUnits(context)
    draw(context, shape, color)
    this.paints += 1
  }

  /** Maps units of the default grid to pixels. @param {any} context @returns {number} pixels per unit */
  toUnits(context) {
    const { scale, unit, x, y } = this.frame
    context.setTransform(scale * unit, 0, 0, scale * unit, x, y)
    return scale * unit
  }

  /** Takes the tail away. */
  restore() {
    const { live, under, painted } = this
    if (!painted) return
    const { x, y, width, height } = painted
    live.context.setTransform(1, 0, 0, 1, 0, 0)
    live.context.clearRect(x, y, width, height)
    if (!this.erases) live.context.drawImage(under.canvas, x, y, width, height, x, y, width, height)
    this.painted = null
  }

  /** @param {Box} box in units @returns {{ x: number, y: number, width: number, height: number } | null} whole pixels within the canvas */
  pixels({ left, top, right, bottom }) {
    const { scale, unit, x, y } = this.frame
    const { width, height } = this.live.canvas
    const k = scale * unit
    const from = { x: Math.max(0, Math.floor(left * k + x) - MARGIN), y: Math.max(0, Math.floor(top * k + y) - MARGIN) }
    const to = { x: Math.min(width, Math.ceil(right * k + x) + MARGIN), y: Math.min(height, Math.ceil(bottom * k + y) + MARGIN) }
    if (to.x <= from.x || to.y <= from.y) return null
    return { ...from, width: to.x - from.x, height: to.y - from.y }
  }
}

/** @typedef {{ x: number, y: number, width: number, height: number } | null} Place */

/** @param {Place} a @param {Place} b @returns {Place} the smallest place that contains both */
function around(a, b) {
  if (!a || !b) return a || b
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y }
}

/** @param {Layer} layer */
function clear({ context, canvas }) {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.globalCompositeOperation = 'source-over'
  context.clearRect(0, 0, canvas.width, canvas.height)
}

module.exports = { Live, clear }
