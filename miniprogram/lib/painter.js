// Shows a picture on two stacked canvases: the settled strokes below, the stroke being drawn above.
//
// The settled canvas holds strokes only, transparent where there are none: the paper's colour is the element's
// below it, which is how an eraser shows whatever background there is, now or later. A buffer off the screen
// (`base`) holds all but the last strokes, so that undo and eraser repaint a few strokes and not all of them.

const { touches } = require('./bounds')
const { inkWidth, paint } = require('./geometry')

/** WeChat's largest canvas, CSS px. */
const MAX_SIDE = 1365
/** The strokes that lie on the screen only, not in the base: undo among them is cheap. */
const LOOSE_MIN = 24
const LOOSE_MAX = 64
/** Milliseconds of painting in one frame while a long picture is built up, and while a finger draws meanwhile. */
const SLICE = 24
const SLICE_WHILE_DRAWING = 6

/**
 * @typedef {import('./drawing').Stroke} Stroke
 * @typedef {import('./view').View} View
 */

/** @param {Stroke[]} a @param {Stroke[]} b @returns {number} the length of the beginning that both lists share */
function commonStart(a, b) {
  const most = Math.min(a.length, b.length)
  let count = 0
  while (count < most && a[count] === b[count]) count += 1
  return count
}

/**
 * Draws the newest part of a stroke over what is there of it already. Edges that are drawn twice come out a
 * little darker: `Painter.finish` paints the stroke once more as one shape.
 */
class Live {
  /** @param {CanvasRenderingContext2D} context mapping grid units to pixels @param {Stroke} stroke */
  constructor(context, stroke) {
    this.context = context
    this.stroke = stroke
    const { points, width } = stroke
    const [x, y] = points
    this.x = x
    this.y = y
    this.midX = x
    this.midY = y
    this.next = 3
    this.factor = 1
    context.globalCompositeOperation = stroke.tool === 'eraser' ? 'destination-out' : 'source-over'
    context.lineCap = 'round'
    context.lineJoin = 'round'
    context.strokeStyle = stroke.color
    context.fillStyle = stroke.color
    context.beginPath()
    context.arc(x, y, width / 2, 0, 2 * Math.PI)
    context.fill()
  }

  /** @param {number} [upTo] of the stroke's numbers; all by default */
  extend(upTo = this.stroke.points.length) {
    const { context, stroke } = this
    const { points, width, tool } = stroke
    for (; this.next < upTo; this.next += 3) {
      const dx = points[this.next]
      const dy = points[this.next + 1]
      const dt = points[this.next + 2]
      const midX = this.x + dx / 2
      const midY = this.y + dy / 2
      if (tool === 'ink') {
        const way = Math.sqrt(dx * dx + dy * dy)
        const speed = dt > 0 ? way / dt : 0
        const target = inkWidth(speed)
        this.factor += (target - this.factor) * (way / (way + width))
      }
      context.lineWidth = width * this.factor
      context.beginPath()
      context.moveTo(this.midX, this.midY)
      context.quadraticCurveTo(this.x, this.y, midX, midY)
      context.stroke()
      this.x += dx
      this.y += dy
      this.midX = midX
      this.midY = midY
    }
  }
}

class Painter {
  /**
   * @param {object} deps
   * @param {any} deps.canvas the settled strokes' canvas node
   * @param {any} deps.live the live stroke's canvas node
   * @param {any} deps.base an off-screen canvas
   * @param {View} deps.view
   * @param {number} deps.pixelRatio
   * @param {() => number} [deps.now] ms
   */
  constructor({ canvas, live, base, view, pixelRatio, now = Date.now }) {
    this.canvas = canvas
    this.live = live
    this.base = base
    this.view = view
    this.pixelRatio = pixelRatio
    this.now = now
    this.context = canvas.getContext('2d')
    this.liveContext = live.getContext('2d')
    this.baseContext = base.getContext('2d')
    /** @type {Stroke[]} what is to be seen */
    this.wanted = []
    /** @type {Stroke[]} what the settled canvas shows */
    this.painted = []
    /** How many of `painted` the base holds. */
    this.based = 0
    /** The view that canvas and base were painted for. */
    this.paintedView = view.copy()
    /** @type {Live | null} */
    this.drawing = null
    /** @type {any} the frame that goes on with a long picture */
    this.frame = null
    /** @type {(() => void)[]} */
    this.waiting = []
  }

  /** Takes the view's size over and paints anew. @param {boolean} [visibly] what is built up is shown as it grows */
  resize(visibly = true) {
    const { width, height } = this.view
    const ratio = Math.min(this.pixelRatio, (MAX_SIDE * 3) / Math.max(width, height))
    this.ratio = ratio
    for (const canvas of [this.canvas, this.live, this.base]) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    this.rebuild(visibly)
  }

  /** @param {CanvasRenderingContext2D} context */
  toGrid(context) {
    const k = this.view.scale * (this.ratio || 1)
    context.setTransform(k, 0, 0, k, this.view.x * (this.ratio || 1), this.view.y * (this.ratio || 1))
  }

  /** @param {any} context @param {any} canvas */
  clear(context, canvas) {
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.globalCompositeOperation = 'source-over'
    context.clearRect(0, 0, canvas.width, canvas.height)
  }

  /** Makes the settled canvas show these strokes. @param {Stroke[]} strokes */
  show(strokes) {
    this.wanted = strokes
    // A long picture is being built up: it takes the new list from `wanted`.
    if (this.frame !== null) {
      if (commonStart(this.painted, strokes) < this.painted.length) this.rebuild(false)
      return
    }
    const same = commonStart(this.painted, strokes)
    if (same === this.painted.length) {
      if (same === strokes.length) return
      if (strokes.length - same > LOOSE_MAX) this.grow(false)
      else {
        this.add(strokes, same)
        this.settle()
      }
    } else this.repaint(same)
  }

  /** The settled canvas shows what it should not. @param {number} same how many strokes of it are right */
  repaint(same) {
    if (same >= this.based && this.wanted.length - this.based <= 2 * LOOSE_MAX) this.repaintLoose()
    else this.rebuild(false)
  }

  /** @param {Stroke[]} strokes @param {number} from */
  add(strokes, from) {
    this.toGrid(this.context)
    this.paintRange(this.context, strokes, from, strokes.length)
    this.painted = strokes.slice()
  }

  /** @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes @param {number} from @param {number} to */
  paintRange(context, strokes, from, to) {
    const area = this.view.shown
    for (let i = from; i < to; i += 1) if (touches(strokes[i], area)) paint(context, /** @type {any} */ (strokes[i]))
  }

  /** The base, and on it what it lacks. */
  repaintLoose() {
    this.clear(this.context, this.canvas)
    this.context.drawImage(this.base, 0, 0)
    this.add(this.wanted, this.based)
    this.settle()
  }

  /** Lets the base take over all but the last strokes, when they have become many. */
  settle() {
    if (this.painted.length - this.based <= LOOSE_MAX) return
    const upTo = this.painted.length - LOOSE_MIN
    this.toGrid(this.baseContext)
    this.paintRange(this.baseContext, this.painted, this.based, upTo)
    this.based = upTo
  }

  /** Paints all of it for the present view. @param {boolean} visibly what is built up is shown as it grows */
  rebuild(visibly) {
    this.stop()
    this.clear(this.baseContext, this.base)
    this.based = 0
    this.painted = []
    this.paintedView = this.view.copy()
    if (visibly) this.clear(this.context, this.canvas)
    this.grow(visibly)
  }

  /** Paints for a slice of time, and goes on with the next frame. @param {boolean} visibly */
  grow(visibly) {
    this.frame = null
    const until = this.now() + (this.drawing ? SLICE_WHILE_DRAWING : SLICE)
    const target = Math.max(0, this.wanted.length - LOOSE_MIN)
    // The base takes up what the screen has and it lacks.
    this.toGrid(this.baseContext)
    while (this.based < target && this.now() < until) {
      const to = Math.min(target, this.based + 16)
      this.paintRange(this.baseContext, this.wanted, this.based, to)
      this.based = to
      this.painted = this.wanted.slice(0, to)
    }
    const done = this.based >= target
    if (visibly || done) {
      this.clear(this.context, this.canvas)
      this.context.drawImage(this.base, 0, 0)
    }
    if (done) {
      this.add(this.wanted, this.based)
      if (!this.drawing) this.clear(this.liveContext, this.live)
      for (const run of this.waiting.splice(0)) run()
    } else this.frame = this.canvas.requestAnimationFrame(() => this.grow(visibly))
  }

  stop() {
    if (this.frame !== null) this.canvas.cancelAnimationFrame(this.frame)
    this.frame = null
  }

  /** @returns {Promise<void>} when all that is wanted is on the screen */
  settled() {
    return this.frame === null ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve))
  }

  /** A finger came down. @param {Stroke} stroke it has one point */
  begin(stroke) {
    const context = stroke.tool === 'eraser' ? this.context : this.liveContext
    this.toGrid(context)
    this.drawing = new Live(context, stroke)
  }

  extend() {
    if (this.drawing) this.drawing.extend()
  }

  /**
   * Shows the beginning of a stroke, as if it were being drawn.
   * @param {Stroke} stroke @param {number} numbers of its points
   */
  trace(stroke, numbers) {
    if (!this.drawing || this.drawing.stroke !== stroke || this.drawing.next > numbers) {
      this.withdraw()
      this.begin(stroke)
    }
    if (this.drawing) this.drawing.extend(numbers)
  }

  /** The stroke is complete: it is painted once more, as one shape. @param {Stroke[]} strokes it among them */
  finish(strokes) {
    const { drawing } = this
    this.drawing = null
    if (!drawing) return
    if (drawing.stroke.tool === 'eraser' && this.frame === null) {
      this.wanted = strokes
      this.repaint(commonStart(this.painted, strokes))
      return
    }
    this.show(strokes)
    if (this.frame === null) this.clear(this.liveContext, this.live)
  }

  /** The stroke never was. */
  withdraw() {
    const { drawing } = this
    this.drawing = null
    if (!drawing) return
    if (drawing.stroke.tool === 'eraser') {
      if (this.frame === null) this.repaintLoose()
    } else this.clear(this.liveContext, this.live)
  }

  /** Shows the painted picture moved and stretched to the present view, until `sharpen`. */
  stretch() {
    this.stop()
    // All strokes into the base, so that one image is the whole picture.
    if (this.based < this.painted.length) {
      const now = this.view
      this.view = this.paintedView
      this.toGrid(this.baseContext)
      this.paintRange(this.baseContext, this.painted, this.based, this.painted.length)
      this.based = this.painted.length
      this.view = now
    }
    const from = this.paintedView
    const grown = this.view.scale / from.scale
    const ratio = this.ratio || 1
    this.clear(this.context, this.canvas)
    this.context.setTransform(grown, 0, 0, grown, (this.view.x - from.x * grown) * ratio, (this.view.y - from.y * grown) * ratio)
    this.context.drawImage(this.base, 0, 0)
    this.clear(this.liveContext, this.live)
  }

  /** Paints anew for the present view. */
  sharpen() {
    this.rebuild(false)
  }
}

module.exports = { Painter, MAX_SIDE }
