// Draws a drawing again: which part of its actions is to be seen at which moment of the replay.

const { History } = require('./drawing')

/** A rest between two actions, and between two points, lasts at most so long, in ms. */
const LONGEST_REST = 500
/** An action that takes no time of its own is shown for so long, in ms. */
const STEP = 220

/**
 * @typedef {import('./drawing').Action} Action
 * @typedef {import('./drawing').Stroke} Stroke
 * @typedef {object} Moment when an action begins and ends in the replay
 * @property {Action} action
 * @property {number} from ms
 * @property {number} to ms
 * @property {number[] | null} times of a stroke's points, ms since `from`
 */

/** @param {Action} action @returns {{ times: number[], lasts: number, took: number }} */
function timesOf(action) {
  if (action.type !== 'stroke') return { times: [], lasts: STEP, took: 0 }
  const times = []
  let shown = 0
  let took = 0
  for (let i = 2; i < action.points.length; i += 3) {
    took += action.points[i]
    shown += Math.min(action.points[i], LONGEST_REST)
    times.push(shown)
  }
  return { times, lasts: Math.max(shown, times.length === 1 ? STEP / 2 : 0), took }
}

/**
 * The replay's timetable: the original rhythm with the rests shortened.
 * @param {Action[]} actions
 * @returns {{ moments: Moment[], duration: number }}
 */
function timetable(actions) {
  /** @type {Moment[]} */
  const moments = []
  let clock = 0
  let before = 0
  for (const action of actions) {
    const at = ('at' in action && action.at) || before
    clock += moments.length === 0 ? 0 : Math.min(Math.max(0, at - before), LONGEST_REST)
    const { times, lasts, took } = timesOf(action)
    moments.push({ action, from: clock, to: clock + lasts, times: action.type === 'stroke' ? times : null })
    clock += lasts
    before = Math.max(before, at) + took
  }
  return { moments, duration: clock }
}

/** The part of a stroke that is there after so many ms. @param {Moment} moment @param {number} elapsed @returns {number} numbers of its points */
function drawnNumbers({ times }, elapsed) {
  if (!times) return 0
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] <= elapsed) low = middle + 1
    else high = middle
  }
  return Math.max(1, low) * 3
}

/** A replay that can be asked for any moment; going forward costs what is new. */
class Player {
  /** @param {Action[]} actions @param {string} [background] the paper's colour before the first one */
  constructor(actions, background) {
    const { moments, duration } = timetable(actions)
    this.moments = moments
    this.duration = duration
    this.background = background
    this.history = new History(background)
    /** The first moment that is not over. */
    this.next = 0
    this.time = 0
    /** @type {import('./drawing').Picture | null} */
    this.cached = null
  }

  rewind() {
    this.history = new History(this.background)
    this.next = 0
    this.time = 0
    this.cached = null
  }

  /**
   * What is to be seen: a picture of all that is complete, and the stroke that is being drawn.
   * @param {number} time ms since the replay's start
   * @returns {{ picture: import('./drawing').Picture, stroke: Stroke | null, numbers: number }} `numbers` of
   *   the stroke's points are drawn
   */
  seek(time) {
    if (time < this.time) this.rewind()
    this.time = time
    while (this.next < this.moments.length && this.moments[this.next].to <= time) {
      this.history.push(this.moments[this.next].action)
      this.next += 1
      this.cached = null
    }
    const moment = this.moments[this.next]
    this.cached = this.cached || this.history.picture()
    if (!moment || moment.from > time || !moment.times) return { picture: this.cached, stroke: null, numbers: 0 }
    return {
      picture: this.cached,
      stroke: /** @type {import('./drawing').StrokeAction} */ (moment.action),
      numbers: drawnNumbers(moment, time - moment.from),
    }
  }
}

module.exports = { Player, timetable, LONGEST_REST }
