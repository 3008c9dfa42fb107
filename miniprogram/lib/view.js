// Which part of the paper the canvas shows, and how large.

const { unitOf } = require('./geometry')

const MIN_ZOOM = 1
const MAX_ZOOM = 8

/** The paper in its box: fitted at zoom 1, never leaving the box uncovered. */
class View {
  constructor() {
    /** CSS px of the box. */
    this.width = 1
    this.height = 1
    /** CSS px per grid unit at zoom 1. */
    this.fit = 1
    /** The paper's unit, see `geometry`. */
    this.unit = 1
    this.zoom = 1
    /** Where the paper's corner lies, CSS px from the box's. */
    this.x = 0
    this.y = 0
  }

  /**
   * @param {number} width CSS px @param {number} height CSS px
   * @param {{ width: number }} paper grid units; the box has its proportions
   */
  resize(width, height, paper) {
    const shown = { x: -this.x / this.width, y: -this.y / this.height }
    this.width = width
    this.height = height
    this.fit = width / paper.width
    this.unit = unitOf(paper)
    this.x = -shown.x * width
    this.y = -shown.y * height
    this.clamp()
  }

  reset() {
    this.zoom = 1
    this.x = 0
    this.y = 0
  }

  /** @param {import('./recorder').Pinch} pinch */
  pinch({ factor, x, y, dx, dy }) {
    const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.zoom * factor))
    const grown = zoom / this.zoom
    // What lay between the fingers stays between them.
    this.x = x - (x - dx - this.x) * grown
    this.y = y - (y - dy - this.y) * grown
    this.zoom = zoom
    this.clamp()
  }

  clamp() {
    this.x = Math.min(0, Math.max(this.width * (1 - this.zoom), this.x))
    this.y = Math.min(0, Math.max(this.height * (1 - this.zoom), this.y))
  }

  /** CSS px per grid unit. */
  get scale() {
    return this.fit * this.zoom
  }

  /** @param {number} x CSS px @param {number} y CSS px */
  toGrid(x, y) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale }
  }

  /** What is shown, in grid units. */
  get shown() {
    const from = this.toGrid(0, 0)
    const to = this.toGrid(this.width, this.height)
    return { left: from.x, top: from.y, right: to.x, bottom: to.y }
  }

  copy() {
    return Object.assign(new View(), this)
  }
}

module.exports = { View, MIN_ZOOM, MAX_ZOOM }
