// Turns touches into strokes and gestures. Knows neither wx nor a canvas: events in, calls out.
//
// Gestures are told apart by the events' timeStamp, not by the time at which a busy phone handles them.
//
// A stroke's last point is where the finger is. It is provisional: the next event replaces it by the steadied
// position of that moment, so the line is smooth, never lags behind the finger, and ends where it was lifted.

const { Steady } = require('./steady')
const { timers: clock } = require('./timers')

/** A second finger within so many ms after the first one begins a gesture and withdraws the stroke. */
const WITHDRAW_WITHIN = 120
/** The distance between two points of a steadied stroke, so that rounding to the grid does not show: grid units. */
const SPACING = 6
/** The largest such distance, CSS px. */
const MAX_SPACING = 2.5
/** A two-finger touch shorter than this, in ms, and that moves less than `TAP_SLOP` CSS px is a tap. */
const TAP_WITHIN = 280
const TAP_SLOP = 14
/** A second two-finger tap within so many ms makes it a double tap. */
const DOUBLE_TAP_WITHIN = 280
/** A finger that rests so many ms at the place where it came down, within so many CSS px, holds. */
const HOLD_AFTER = 500
const HOLD_SLOP = 6
/** The limit on points until the server has told its own. */
const MAX_POINTS = 10_000

/**
 * @typedef {{ x: number, y: number }} Position
 * @typedef {Position & { time: number }} Point grid units, and ms since the stroke began
 * @typedef {Position & { identifier: number, coalesced?: (Position & { timeStamp: number })[] }} Touch CSS px, from
 *   the canvas's corner; `coalesced` are all positions since the event before, where the platform tells them
 * @typedef {object} TouchEvent
 * @property {Touch[]} touches
 * @property {Touch[]} changedTouches
 * @property {number} [timeStamp] the moment of the event, ms since the page was opened
 * @typedef {import('./drawing').StrokeAction} StrokeAction
 *
 * @typedef {object} Calls
 * @property {(stroke: StrokeAction) => void} begin a finger came down; the stroke has one point
 * @property {(stroke: StrokeAction) => void} extend the stroke has more points, and another last one
 * @property {(stroke: StrokeAction, reason: 'lifted' | 'limit') => void} end the stroke is complete
 * @property {(stroke: StrokeAction) => void} withdraw the stroke is taken back
 * @property {(pinch: Pinch) => void} pinch two fingers moved
 * @property {() => void} pinchEnd two fingers that had moved were lifted
 * @property {(place: Position) => void} [hold] the finger rested where it came down, CSS px; its stroke is withdrawn
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
 * @typedef {object} Pen the settings of the next stroke
 * @property {'pen' | 'ink' | 'eraser'} tool
 * @property {string} color
 * @property {number} width grid units
 * @property {number} [length] the longest path, grid units; without bound where it is missing
 * @property {boolean} [steady] the line is steadied; an eraser's never is
 * @property {boolean} [holds] a resting finger holds
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
    /** The identifier of the drawing finger. */
    this.finger = 0
    /** The moment of the first touch of the stroke or gesture: ms by the events' clock. */
    this.began = 0
    /** The lead of `now` over the events' clock, ms. */
    this.ahead = 0
    /** The longest path of the stroke, grid units. */
    this.limit = Infinity
    /** The finger's last position, CSS px. @type {Position} */
    this.raw = { x: 0, y: 0 }
    /** @type {Steady | null} */
    this.steady = null
    /** The distance between two points, grid units. */
    this.spacing = 0
    /** The last point. @type {Point} */
    this.last = { x: 0, y: 0, time: 0 }
    /** The point before a provisional last one, and the path up to there; null where the last one stays. @type {{ point: Point, length: number } | null} */
    this.before = null
    /** Whether two fingers have moved. */
    this.pinched = false
    /** The fingers' present and first places. */
    this.fingers = NOWHERE
    this.origin = NOWHERE
    /** The path so far, grid units. */
    this.length = 0
    /** The end of a two-finger tap that may become a double tap. @type {number | null} */
    this.tapped = null
    /** @type {any} */
    this.tapTimer = null
    /** @type {any} */
    this.holdTimer = null
  }

  /** @param {{ timeStamp?: number }} event @returns {number} the event's moment, ms by the events' clock */
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
        this.timers.clear(this.holdTimer)
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

  /** The system took the touches away; the stroke so far stays. @param {Partial<TouchEvent>} event */
  cancel(event) {
    const { touches = [] } = event
    if (this.phase === 'stroke') this.finish('lifted', this.moment(event))
    if (this.phase === 'pinch' && this.pinched) this.calls.pinchEnd()
    this.phase = touches.length === 0 ? 'idle' : 'ignore'
    this.settleTap()
  }

  /** @param {Touch} touch @param {number} now */
  begin(touch, now) {
    const { tool, color, width, length, steady, holds } = this.pen()
    const { x, y } = this.place(touch)
    this.timers.clear(this.holdTimer)
    this.origin = { x: touch.x, y: touch.y, distance: 0 }
    if (holds && this.calls.hold) this.holdTimer = this.timers.set(() => this.hold(), HOLD_AFTER)
    this.phase = 'stroke'
    this.finger = touch.identifier
    this.began = now
    this.raw = touch
    this.steady = steady && tool !== 'eraser' ? new Steady(touch.x, touch.y, now) : null
    this.spacing = Math.min(SPACING, MAX_SPACING * this.unitsPerPixel())
    this.last = { x, y, time: 0 }
    this.before = null
    this.length = 0
    this.limit = length === undefined ? Infinity : length
    this.stroke = { type: 'stroke', tool, color, width, at: this.at(), points: [x, y, 0] }
    this.calls.begin(this.stroke)
  }

  unitsPerPixel() {
    return this.toGrid(1, 0).x - this.toGrid(0, 0).x
  }

  /** @param {Position} position CSS px @returns {Position} on the grid, within the bounds */
  place(position) {
    const bounds = this.bounds()
    const { x, y } = this.toGrid(position.x, position.y)
    const within = (/** @type {number} */ value, /** @type {number} */ bound) => Math.max(-bound, Math.min(bound, Math.round(value)))
    return { x: within(x, bounds.x), y: within(y, bounds.y) }
  }

  hold() {
    const { stroke, origin } = this
    if (this.phase !== 'stroke' || !stroke || !this.calls.hold) return
    this.stroke = null
    this.before = null
    this.phase = 'ignore'
    this.calls.withdraw(stroke)
    this.calls.hold({ x: origin.x, y: origin.y })
  }

  /** @param {Touch} touch @param {number} now */
  extend(touch, now) {
    const { stroke } = this
    if (!stroke) return
    if (Math.hypot(touch.x - this.origin.x, touch.y - this.origin.y) > HOLD_SLOP) this.timers.clear(this.holdTimer)
    let moved = false
    for (const { x, y, timeStamp } of touch.coalesced || [{ x: touch.x, y: touch.y, timeStamp: now }]) {
      if (x === this.raw.x && y === this.raw.y) continue
      this.raw = { x, y }
      const reached = this.follow({ x, y }, Math.min(now, timeStamp))
      moved = true
      if (reached || stroke.points.length >= this.maxPoints * 3) {
        this.calls.extend(stroke)
        this.split(touch, reached, now)
        return
      }
    }
    if (moved) this.calls.extend(stroke)
  }

  /** Ends a stroke that is as long as it may be. @param {Touch} touch @param {boolean} reached its path's limit @param {number} now */
  split(touch, reached, now) {
    this.finish(reached ? 'limit' : 'lifted', now)
    if (reached) this.phase = 'ignore'
    // At the limit on points, the next stroke goes on where this one ends.
    else this.begin(touch, now)
  }

  /** @param {Position} position CSS px @param {number} now @returns {boolean} whether the path's limit is reached */
  follow(position, now) {
    const time = Math.max(this.last.time, Math.round(now - this.began))
    if (!this.steady) return this.lead(this.place(position), time)
    this.dropTip()
    const steadied = this.place(this.steady.next(position.x, position.y, now))
    const far = Math.hypot(steadied.x - this.last.x, steadied.y - this.last.y) >= this.spacing
    if (far && this.lead(steadied, time)) return true
    const before = { point: this.last, length: this.length }
    const reached = this.lead(this.place(position), time)
    if (this.last !== before.point) this.before = before
    return reached
  }

  /** Takes a provisional last point away. */
  dropTip() {
    const { before, stroke } = this
    this.before = null
    if (!before || !stroke) return
    stroke.points.length -= 3
    this.last = before.point
    this.length = before.length
  }

  /** Leads the stroke on to a place. @param {Position} to grid units @param {number} time @returns {boolean} whether the path's limit is reached */
  lead(to, time) {
    const { last } = this
    let { x, y } = to
    let step = Math.hypot(x - last.x, y - last.y)
    if (step === 0) return false
    const room = this.limit - this.length
    const reached = step >= room
    if (reached) {
      // Towards the last point, so that rounding never makes the path longer than the limit.
      x = last.x + Math.trunc((x - last.x) * (room / step))
      y = last.y + Math.trunc((y - last.y) * (room / step))
      step = Math.hypot(x - last.x, y - last.y)
    }
    if (step > 0 && this.stroke) {
      this.stroke.points.push(x - last.x, y - last.y, time - last.time)
      this.last = { x, y, time }
      this.length += step
    }
    return reached
  }

  /** @param {'lifted' | 'limit'} reason @param {number} now */
  finish(reason, now) {
    const { stroke, last } = this
    this.stroke = null
    this.before = null
    this.timers.clear(this.holdTimer)
    if (!stroke) return
    this.settleTap()
    const rested = Math.round(now - this.began) - last.time
    // Ink tapers by the speed at which the hand is lifted, so the moment of lifting is stored.
    if (stroke.tool === 'ink' && stroke.points.length > 3 && stroke.points.length < this.maxPoints * 3 && rested > 0) {
      stroke.points.push(0, 0, rested)
    }
    this.calls.end(stroke, reason)
  }

  /** @param {Touch[]} touches @param {number} began the moment of the first of them */
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
      // With fingers on the glass again, their gesture decides.
      if (this.phase !== 'stroke' && this.phase !== 'pinch') this.settleTap()
    }, DOUBLE_TAP_WITHIN)
  }

  /** No second tap came: the tap is a single one. */
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
