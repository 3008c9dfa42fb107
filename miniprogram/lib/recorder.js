// From touches to strokes and gestures. Knows no wx and no canvas: events in, calls out.

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
 * @typedef {{ touches: Touch[], changedTouches: Touch[] }} TouchEvent
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

class Recorder {
  /**
   * @param {object} deps
   * @param {Calls} deps.calls
   * @param {() => Pen} deps.pen
   * @param {(x: number, y: number) => { x: number, y: number }} deps.toGrid CSS px to grid units
   * @param {() => { x: number, y: number }} deps.bounds how far a coordinate may lie from 0, grid units
   * @param {() => number} deps.at the moment as actions carry it, ms
   * @param {() => number} [deps.now] ms, from any start
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
    /** The way so far, grid units. */
    this.length = 0
    /** @type {any} */
    this.tapTimer = null
  }

  /** @param {TouchEvent} event */
  start({ touches, changedTouches }) {
    if (this.phase === 'stroke' && !touches.some(({ identifier }) => identifier === this.finger)) {
      // Its touchend was swallowed by the system.
      this.finish('lifted')
      this.phase = 'idle'
    }
    if (this.phase === 'idle') {
      if (touches.length >= 2) this.beginPinch(touches, this.now())
      else this.begin(changedTouches[0])
    } else if (this.phase === 'stroke') {
      if (this.now() - this.began <= WITHDRAW_WITHIN) {
        const { stroke, began } = this
        this.stroke = null
        this.calls.withdraw(/** @type {StrokeAction} */ (stroke))
        this.beginPinch(touches, began)
      } else {
        // A palm: the stroke ends here, and what lies on the glass draws nothing until it is lifted.
        this.finish('lifted')
        this.phase = 'ignore'
      }
    }
  }

  /** @param {TouchEvent} event */
  move({ touches, changedTouches }) {
    if (this.phase === 'stroke') {
      const touch = changedTouches.find(({ identifier }) => identifier === this.finger)
      if (touch) this.extend(touch)
    } else if (this.phase === 'pinch') this.movePinch(touches)
  }

  /** @param {TouchEvent} event */
  end({ touches, changedTouches }) {
    if (this.phase === 'stroke') {
      const touch = changedTouches.find(({ identifier }) => identifier === this.finger)
      if (touch) {
        this.extend(touch)
        if (this.stroke) this.finish('lifted')
        this.phase = 'ignore'
      }
    } else if (this.phase === 'pinch' && touches.length < 2) {
      this.endPinch()
      this.phase = 'ignore'
    }
    if (touches.length === 0) this.phase = 'idle'
  }

  /** The system took the touches away: what is drawn stays. @param {Partial<TouchEvent>} event */
  cancel({ touches = [] }) {
    if (this.phase === 'stroke') this.finish('lifted')
    if (this.phase === 'pinch' && this.pinched) this.calls.pinchEnd()
    this.phase = touches.length === 0 ? 'idle' : 'ignore'
  }

  /** @param {Touch} touch */
  begin(touch) {
    const { tool, color, width, length } = this.pen()
    const { x, y } = this.place(touch)
    this.phase = 'stroke'
    this.finger = touch.identifier
    this.began = this.now()
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

  /** @param {Touch} touch */
  extend(touch) {
    const { stroke, last } = this
    if (!stroke || !last) return
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
      const time = Math.max(last.time, Math.round(this.now() - this.began))
      stroke.points.push(x - last.x, y - last.y, time - last.time)
      this.last = { x, y, time }
      this.length += step
      this.calls.extend(stroke)
    }
    if (reached) {
      this.finish('limit')
      this.phase = 'ignore'
    } else if (stroke.points.length >= this.maxPoints * 3) {
      // As much as one stroke may hold: the next one goes on where it ends.
      this.finish('lifted')
      this.begin(touch)
    }
  }

  /** @param {'lifted' | 'limit'} reason */
  finish(reason) {
    const { stroke, last } = this
    this.stroke = null
    if (!stroke || !last) return
    const rested = Math.round(this.now() - this.began) - last.time
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
    if (touches.length < 2 || !this.fingers || !this.origin) return
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

  endPinch() {
    if (this.pinched) {
      this.calls.pinchEnd()
      return
    }
    if (this.now() - this.began > TAP_WITHIN) return
    if (this.tapTimer !== null) {
      this.timers.clear(this.tapTimer)
      this.tapTimer = null
      this.calls.twoFingerDoubleTap()
      return
    }
    this.tapTimer = this.timers.set(() => {
      this.tapTimer = null
      this.calls.twoFingerTap()
    }, DOUBLE_TAP_WITHIN)
  }
}

/** @param {Touch[]} touches the first two count */
function spread([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(b.x - a.x, b.y - a.y) }
}

module.exports = { Recorder, WITHDRAW_WITHIN, DOUBLE_TAP_WITHIN }
