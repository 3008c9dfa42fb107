// From touches to strokes and gestures. Knows no wx and no canvas: events in, calls out.
//
// What a hand meant is judged by when it moved, which the events' timeStamp says, and not by when a busy phone
// came to handle them.

const { timers: clock } = require('./timers')

/** Until so many ms after the first finger a second one means a gesture, and the begun stroke never was. */
const WITHDRAW_WITHIN = 120
/** A two-finger touch this short, in ms, that moves less than `TAP_SLOP` CSS px is a tap. */
const TAP_WITHIN = 280
const TAP_SLOP = 14
/** A second two-finger tap within so many ms makes it a double tap. */
const DOUBLE_TAP_WITHIN = 280
/** Where the server has not said otherwise. */
const MAX_POINTS = 10_000

/**
 * @typedef {{ identifier: number, x: number, y: number }} Touch CSS px, from the canvas's corner
 * @typedef {object} TouchEvent
 * @property {Touch[]} touches
 * @property {Touch[]} changedTouches
 * @property {number} [timeStamp] when it happened, ms since the page was opened
 * @typedef {import('./drawing').StrokeAction} StrokeAction
 *
 * @typedef {object} Calls
 * @property {(stroke: StrokeAction) => void} begin a finger came down; the stroke has one point
 * @property {(stroke: StrokeAction) => void} extend the stroke has more points
 * @property {(stroke: StrokeAction, reason: 'lifted' | 'limit') => void} end the stroke is complete
 * @property {(stroke: StrokeAction) => void} withdraw the stroke never was
 * @property {(pinch: Pinch) => void} pinch two fingers moved
 * @property {() => void} pinchEnd they were lifted, having moved
 * @property {() => void} twoFingerTap
 * @property {() => void} twoFingerDoubleTap
 *
 * @typedef {object} Pinch since the last call
 * @property {number} factor how much farther apart the fingers are
 * @property {number} x the point between the fingers, CSS px
 * @property {number} y
 * @property {number} dx how far that point moved, CSS px
 * @property {number} dy
 *
 * @typedef {object} Pen how the next stroke is drawn
 * @property {'pen' | 'ink' | 'eraser'} tool
 * @property {string} color
 * @property {number} width grid units
 * @property {number} [length] the longest way, grid units; without bound where it is missing
 */

/** The middle of two fingers and how far apart they are, CSS px. */
const NOWHERE = { x: 0, y: 0, distance: 0 }

class Recorder {
  /**
   * @param {object} deps
   * @param {Calls} deps.calls
   * @param {() => Pen} deps.pen
   * @param {(x: number, y: number) => { x: number, y: number }} deps.toGrid CSS px to grid units
   * @param {() => { x: number, y: number }} deps.bounds how far a coordinate may lie from 0, grid units
   * @param {() => number} deps.at the moment as actions carry it, ms
   * @param {() => number} [deps.now] ms, from any start; for events without a timeStamp
   * @param {import('./timers').Timers} [deps.timers]
   */
  constructor({ calls, pen, toGrid, bounds, at, now = Date.now, timers = clock }) {
    this.calls = calls
    this.pen = pen
    this.toGrid = toGrid
    this.bounds = bounds
    this.at = at
    this.now = now
    this.timers = timers
    this.maxPoints = MAX_POINTS
    /** @type {'idle' | 'stroke' | 'pinch' | 'ignore'} */
    this.phase = 'idle'
    /** @type {StrokeAction | null} */
    this.stroke = null
    /** The finger that draws. */
    this.finger = 0
    /** When it came down, or the first of a gesture's fingers: ms by the events' clock. */
    this.began = 0
    /** How far `now` is ahead of the events' clock, ms. */
    this.ahead = 0
    /** The stroke's longest way, grid units. */
    this.limit = Infinity
    /** The stroke's last point and its time, ms since `began`. */
    this.last = { x: 0, y: 0, time: 0 }
    /** Two fingers have moved. */
    this.pinched = false
    /** Where they are, and where they were at first. */
    this.fingers = NOWHERE
    this.origin = NOWHERE
    /** The way so far, grid units. */
    this.length = 0
    /** When a two-finger tap ended that may become a double one. @type {number | null} */
    this.tapped = null
    /** @type {any} */
    this.tapTimer = null
  }

  /** @param {{ timeStamp?: number }} event @returns {number} when it happened, ms by the events' clock */
  moment({ timeStamp }) {
    if (!timeStamp) return this.now() - this.ahead
    this.ahead = this.now() - timeStamp
    return timeStamp
  }

  /** @param {TouchEvent} event */
  start(event) {
    const { touches, changedTouches } = event
    const now = this.moment(event)
    if (this.phase === 'stroke' && !touches.some(({ identifier }) => identifier === this.finger)) {
      // Its touchend was swallowed by the system.
      this.finish('lifted', now)
      this.phase = 'idle'
    }
    if (this.phase === 'idle') {
      if (touches.length >= 2) this.beginPinch(touches, now)
      else this.begin(changedTouches[0], now)
    } else if (this.phase === 'stroke') {
      if (now - this.began <= WITHDRAW_WITHIN) {
        const { stroke, began } = this
        this.stroke = null
        this.calls.withdraw(/** @type {StrokeAction} */ (stroke))
        this.beginPinch(touches, began)
      } else {
        // A palm: the stroke ends here, and what lies on the glass draws nothing until it is lifted.
        this.finish('lifted', now)
        this.phase = 'ignore'
      }
    }
  }

  /** @param {TouchEvent} event */
  move(event) {
    const { touches, changedTouches } = event
    if (this.phase === 'stroke') {
      const touch = changedTouches.find(({ identifier }) => identifier === this.finger)
      if (touch) this.extend(touch, this.moment(event))
    } else if (this.phase === 'pinch') this.movePinch(touches)
  }

  /** @param {TouchEvent} event */
  end(event) {
    const { touches, changedTouches } = event
    const now = this.moment(event)
    if (this.phase === 'stroke') {
      const touch = changedTouches.find(({ identifier }) => identifier === this.finger)
      if (touch) {
        this.extend(touch, now)
        if (this.stroke) this.finish('lifted', now)
        this.phase = 'ignore'
      }
    } else if (this.phase === 'pinch' && touches.length < 2) {
      this.phase = 'ignore'
      this.endPinch(now)
    }
    if (touches.length === 0) this.phase = 'idle'
  }

  /** The system took the touches away: what is drawn stays. @param {Partial<TouchEvent>} event */
  cancel(event) {
    const { touches = [] } = event
    if (this.phase === 'stroke') this.finish('lifted', this.moment(event))
    if (this.phase === 'pinch' && this.pinched) this.calls.pinchEnd()
    this.phase = touches.length === 0 ? 'idle' : 'ignore'
    this.settleTap()
  }

  /** @param {Touch} touch @param {number} now */
  begin(touch, now) {
    const { tool, color, width, length } = this.pen()
    const { x, y } = this.place(touch)
    this.phase = 'stroke'
    this.finger = touch.identifier
    this.began = now
    this.last = { x, y, time: 0 }
    this.length = 0
    this.limit = length === undefined ? Infinity : length
    this.stroke = { type: 'stroke', tool, color, width, at: this.at(), points: [x, y, 0] }
    this.calls.begin(this.stroke)
  }

  /** @param {Touch} touch a place on the grid within the bounds */
  place(touch) {
    const bounds = this.bounds()
    const { x, y } = this.toGrid(touch.x, touch.y)
    const within = (/** @type {number} */ value, /** @type {number} */ bound) => Math.max(-bound, Math.min(bound, Math.round(value)))
    return { x: within(x, bounds.x), y: within(y, bounds.y) }
  }

  /** @param {Touch} touch @param {number} now */
  extend(touch, now) {
    const { stroke, last } = this
    if (!stroke) return
    let { x, y } = this.place(touch)
    let step = Math.hypot(x - last.x, y - last.y)
    if (step === 0) return
    const room = this.limit - this.length
    const reached = step >= room
    if (reached) {
      // Towards the last point, so that rounding never makes the way longer than the limit.
      x = last.x + Math.trunc((x - last.x) * (room / step))
      y = last.y + Math.trunc((y - last.y) * (room / step))
      step = Math.hypot(x - last.x, y - last.y)
    }
    if (step > 0) {
      const time = Math.max(last.time, Math.round(now - this.began))
      stroke.points.push(x - last.x, y - last.y, time - last.time)
      this.last = { x, y, time }
      this.length += step
      this.calls.extend(stroke)
    }
    if (reached) {
      this.finish('limit', now)
      this.phase = 'ignore'
    } else if (stroke.points.length >= this.maxPoints * 3) {
      // As much as one stroke may hold: the next one goes on where it ends.
      this.finish('lifted', now)
      this.begin(touch, now)
    }
  }

  /** @param {'lifted' | 'limit'} reason @param {number} now */
  finish(reason, now) {
    const { stroke, last } = this
    this.stroke = null
    if (!stroke) return
    this.settleTap()
    const rested = Math.round(now - this.began) - last.time
    // Ink tapers by the speed at which the hand is lifted, so the moment of lifting belongs to it.
    if (stroke.tool === 'ink' && stroke.points.length > 3 && stroke.points.length < this.maxPoints * 3 && rested > 0) {
      stroke.points.push(0, 0, rested)
    }
    this.calls.end(stroke, reason)
  }

  /** @param {Touch[]} touches @param {number} began when the first of them came */
  beginPinch(touches, began) {
    this.phase = 'pinch'
    this.began = began
    this.pinched = false
    this.fingers = spread(touches)
    this.origin = this.fingers
  }

  /** @param {Touch[]} touches */
  movePinch(touches) {
    if (touches.length < 2) return
    const now = spread(touches)
    if (!this.pinched) {
      const moved = Math.hypot(now.x - this.origin.x, now.y - this.origin.y)
      const opened = Math.abs(now.distance - this.origin.distance)
      if (moved < TAP_SLOP && opened < TAP_SLOP) return
      this.pinched = true
    }
    const { fingers } = this
    this.fingers = now
    this.calls.pinch({
      factor: fingers.distance > 0 ? now.distance / fingers.distance : 1,
      x: now.x,
      y: now.y,
      dx: now.x - fingers.x,
      dy: now.y - fingers.y,
    })
  }

  /** @param {number} now */
  endPinch(now) {
    const short = !this.pinched && now - this.began <= TAP_WITHIN
    if (short && this.tapped !== null && this.began - this.tapped <= DOUBLE_TAP_WITHIN) {
      this.forgetTap()
      this.calls.twoFingerDoubleTap()
      return
    }
    this.settleTap()
    if (this.pinched) this.calls.pinchEnd()
    if (!short) return
    this.tapped = now
    this.tapTimer = this.timers.set(() => {
      // With fingers on the glass again, what they do decides.
      if (this.phase !== 'stroke' && this.phase !== 'pinch') this.settleTap()
    }, DOUBLE_TAP_WITHIN)
  }

  /** A tap that waited for a second one was a single one. */
  settleTap() {
    if (this.tapped === null) return
    this.forgetTap()
    this.calls.twoFingerTap()
  }

  forgetTap() {
    this.timers.clear(this.tapTimer)
    this.tapped = null
  }
}

/** @param {Touch[]} touches the first two count */
function spread([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(b.x - a.x, b.y - a.y) }
}

module.exports = { Recorder, WITHDRAW_WITHIN, DOUBLE_TAP_WITHIN }
