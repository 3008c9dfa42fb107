// The shape of a stroke while it is drawn: a settled beginning, which never changes again, and a tail, which is
// computed anew for each frame by the same rules as the finished stroke. So nothing changes when the finger is lifted.
//
// Lengths are units of the default grid: ink is computed on it.

const ink = require('./geometry/ink')
const { outline } = require('./geometry/outline')
const { distance } = require('./geometry/vector')

/** Knots of a line's tail, and how many more there are when a piece of it is settled. */
const LINE_TAIL = 4
const PIECE = 8
/** The tail of ink: the speed is measured on both sides of a knot, its widths are smoothed along the path, and its
 * end is drawn out. Milliseconds, and widths of the stroke. */
const INK_TAIL_TIME = 2 * ink.WINDOW
const INK_TAIL = ink.TAPER

/**
 * @typedef {import('./geometry').Knot} Knot
 * @typedef {ReturnType<import('./geometry').shape>} Shape
 * @typedef {import('./bounds').Box} Box
 */

class Growing {
  /** @param {import('./drawing').Stroke} stroke @param {number} unit the paper's */
  constructor(stroke, unit) {
    this.points = stroke.points
    this.unit = unit
    this.width = stroke.width / unit
    this.isInk = stroke.tool === 'ink'
    /** @type {Knot[]} */
    this.knots = []
    /** The path up to each knot. @type {number[]} */
    this.way = []
    /** The moment of the last point that stays, ms since the stroke began. */
    this.end = 0
    /** The moment of the last point that was read. */
    this.lifted = 0
    /** The part of the stroke's numbers that is read, and the place and time there, grid units. */
    this.numbers = 0
    this.x = 0
    this.y = 0
    /** The knots of the points that stay, which is all but the last. */
    this.stable = 0
    /** The settled part ends in the middle before this knot; 0 where nothing is settled. */
    this.cut = 0
    /** Of ink: the factor of the knot before `cut`, and the length of the settled curve. @type {number | undefined} */
    this.seed = undefined
    this.settledLength = 0
  }

  /** Takes the stroke's first numbers. The last point among them may be another one at the next call. @param {number} upTo */
  read(upTo) {
    this.knots.length = this.stable
    this.way.length = this.stable
    for (; this.numbers + 3 < upTo; this.numbers += 3) {
      this.x += this.points[this.numbers]
      this.y += this.points[this.numbers + 1]
      this.end += this.points[this.numbers + 2]
      this.add(this.x, this.y, this.end)
    }
    this.stable = this.knots.length
    const [dx, dy, dt] = this.points.slice(this.numbers, this.numbers + 3)
    this.add(this.x + dx, this.y + dy, this.end + dt)
    this.lifted = this.end + dt
  }

  /** @param {number} gridX @param {number} gridY @param {number} time */
  add(gridX, gridY, time) {
    const knot = { x: gridX / this.unit, y: gridY / this.unit, time }
    const last = this.knots[this.knots.length - 1]
    if (last && last.x === knot.x && last.y === knot.y) return
    this.way.push(last ? this.way[this.way.length - 1] + distance(last, knot) : 0)
    this.knots.push(knot)
  }

  /** Settles a further piece. @returns {Shape | null} the piece; null where too little is ready */
  settle() {
    const upTo = this.settledUpTo()
    if (upTo - this.cut < PIECE) return null
    const piece = this.isInk ? this.inkPiece(upTo) : this.line(upTo)
    this.cut = upTo
    return piece
  }

  /** The whole of a line up to the finger. @returns {Shape | null} the piece that is not settled yet; null where there is none */
  settleAll() {
    const upTo = this.knots.length - 1
    if (upTo <= this.cut) return null
    const piece = this.line(upTo)
    this.cut = upTo
    return piece
  }

  /** @returns {number} the knot before which nothing changes any more */
  settledUpTo() {
    const last = this.knots.length - 1
    if (!this.isInk) return last - LINE_TAIL
    let upTo = Math.max(this.cut, 0)
    const early = this.knots[last].time - INK_TAIL_TIME
    const near = this.way[last] - INK_TAIL * this.width
    while (upTo < last && this.knots[upTo + 1].time <= early && this.way[upTo + 1] <= near) upTo += 1
    return upTo
  }

  /** @param {number} rested ms since the last point @returns {Shape} what is not settled, as if the finger were lifted now */
  tail(rested) {
    const { knots, width } = this
    if (knots.length === 1) return { kind: 'dot', x: knots[0].x, y: knots[0].y, radius: width * 0.5 }
    const end = this.lifted + rested
    if (!this.isInk || end <= 0) return this.line()
    const { radii, start } = this.inkTail()
    const samples = ink.flattened(knots, radii, width, start)
    ink.taper(samples, ink.liftSpeed(knots, this.way, end), width, this.settledLength)
    return outline(samples)
  }

  inkTail() {
    const start = this.cut > 0 ? this.cut - 1 : 0
    const factors = ink.inkFactors(this.knots, this.way, this.width, start, this.seed)
    return { start, factors, radii: ink.inkRadii(factors, this.way, this.width, start) }
  }

  /** @param {number} upTo @returns {Shape} */
  inkPiece(upTo) {
    const { start, factors, radii } = this.inkTail()
    const samples = ink.flattened(this.knots, radii, this.width, start, upTo)
    this.seed = factors[upTo - 1 - start]
    this.settledLength += ink.lengthOf(samples)
    return outline(samples)
  }

  /** A line from the settled part on. @param {number} [upTo] to the middle before this knot; to the last one by default @returns {Shape} */
  line(upTo) {
    const { knots, cut, width } = this
    const mid = (/** @type {number} */ i) => [(knots[i - 1].x + knots[i].x) / 2, (knots[i - 1].y + knots[i].y) / 2]
    const last = upTo === undefined ? knots.length - 1 : upTo
    const start = cut > 0 ? mid(cut) : [knots[0].x, knots[0].y]
    /** @type {any[]} */
    const segments = []
    if (cut === 0) segments.push(mid(1))
    for (let i = Math.max(1, cut); i < last; i += 1) segments.push([knots[i].x, knots[i].y, ...mid(i + 1)])
    if (upTo === undefined) segments.push([knots[last].x, knots[last].y])
    return { kind: 'line', width, start: /** @type {[number, number]} */ (start), segments }
  }

  /** @returns {Box} a box that contains the tail */
  get box() {
    const { knots, cut } = this
    const reach = this.width * 0.6
    const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
    for (let i = Math.max(0, cut - 1); i < knots.length; i += 1) {
      const { x, y } = knots[i]
      box.left = Math.min(box.left, x - reach)
      box.top = Math.min(box.top, y - reach)
      box.right = Math.max(box.right, x + reach)
      box.bottom = Math.max(box.bottom, y + reach)
    }
    return box
  }
}

module.exports = { Growing }
