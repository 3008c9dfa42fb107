// Steadies a hand: a filter on a finger's positions that smooths a slow line and follows a fast one.
//
// The One Euro filter (Casiez, Roussel, Vogel 2012): a low-pass filter whose cutoff grows with the speed. Here it
// grows with the square of the speed, since a fast curve has no tremble that shows but would be bent by a lag.
// It works in CSS pixels, so that it feels the same at any zoom.

/** The storage key of the switch. */
const KEY = 'yibi.steady'
/** The cutoff of a resting hand, Hz. */
const LEAST_CUTOFF = 2.5
/** Growth of the cutoff: Hz at 100 CSS px a second. */
const GROWTH = 2
/** The cutoff of the filter on the speed itself, Hz. */
const SPEED_CUTOFF = 2
/** The shortest time between two positions that a speed is computed from, seconds. */
const SHORTEST = 0.001

/** @param {number} cutoff Hz @param {number} step seconds @returns {number} the new value's share in the mean */
function share(cutoff, step) {
  const ratio = 2 * Math.PI * cutoff * step
  return ratio / (ratio + 1)
}

class Steady {
  /** @param {number} x CSS px @param {number} y CSS px @param {number} time ms */
  constructor(x, y, time) {
    this.raw = { x, y, time }
    this.x = x
    this.y = y
    /** CSS px a second; none before the second position. @type {{ x: number, y: number } | null} */
    this.speed = null
  }

  /**
   * Takes the next position.
   * @param {number} x CSS px @param {number} y CSS px @param {number} time ms
   * @returns {{ x: number, y: number }} the steadied position
   */
  next(x, y, time) {
    const { raw } = this
    const step = Math.max(SHORTEST, (time - raw.time) / 1000)
    const now = { x: (x - raw.x) / step, y: (y - raw.y) / step }
    const before = this.speed || now
    const weight = share(SPEED_CUTOFF, step)
    this.speed = { x: before.x + (now.x - before.x) * weight, y: before.y + (now.y - before.y) * weight }
    const hundreds = Math.hypot(this.speed.x, this.speed.y) / 100
    const towards = share(LEAST_CUTOFF + GROWTH * hundreds * hundreds, step)
    this.x += (x - this.x) * towards
    this.y += (y - this.y) * towards
    this.raw = { x, y, time }
    return { x: this.x, y: this.y }
  }
}

/** @param {any} wx @returns {boolean} whether lines are steadied: yes, unless it was switched off on this phone */
function readSteady(wx) {
  return wx.getStorageSync(KEY) !== 'off'
}

/** @param {any} wx @param {boolean} on */
function writeSteady(wx, on) {
  try {
    wx.setStorageSync(KEY, on ? 'on' : 'off')
  } catch {
    // A full storage keeps the former setting.
  }
}

module.exports = { Steady, readSteady, writeSteady }
